// What a person sees of the page, for page_test.go: the words by id, and each piece
// of text with the colours it has in the end.
(() => {
  const opaque = (element) => {
    for (; element; element = element.parentElement) {
      const color = getComputedStyle(element).backgroundColor;
      if (color !== "rgba(0, 0, 0, 0)") return color;
    }
    return "rgb(255, 255, 255)";
  };
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const parent = walker.currentNode.parentElement;
    if (!text || !parent.checkVisibility()) continue;
    const style = getComputedStyle(parent);
    texts.push({
      text, color: style.color, background: opaque(parent),
      size: parseFloat(style.fontSize), weight: parseInt(style.fontWeight),
    });
  }
  const words = {};
  for (const element of document.querySelectorAll("[id]")) words[element.id] = element.innerText.trim();
  const root = document.documentElement;
  return {
    words, texts, title: document.title, lang: root.lang, scripts: document.scripts.length,
    ids: document.querySelectorAll("[id]").length,
    width: root.scrollWidth, window: root.clientWidth,
    small: [...document.querySelectorAll("a, button")].filter((e) => e.getBoundingClientRect().height < 24).map((e) => e.innerText),
  };
})()
