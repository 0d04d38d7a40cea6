// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"errors"
	"html"
	"net/url"
	"regexp"
	"strings"
)

// form is the first form of a page that is sent by POST. The parser knows the
// plain pages of the simulator and of the operator, and no more of HTML.
type form struct {
	action string
	fields url.Values
}

var (
	formElement = regexp.MustCompile(`(?is)<form\b([^>]*)>(.*?)</form>`)
	control     = regexp.MustCompile(`(?is)<(input|button)\b([^>]*)>`)
	attribute   = regexp.MustCompile(`(?s)([a-zA-Z-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?`)
)

var errNoForm = errors.New("the page has no form that is sent by POST")

// firstPostForm finds it, with the fields that a browser would send: inputs that
// have a name, ticked boxes, and the first submit button.
func firstPostForm(page string) (form, error) {
	for _, element := range formElement.FindAllStringSubmatch(page, -1) {
		if attributes := readAttributes(element[1]); strings.EqualFold(attributes["method"], "post") {
			return form{attributes["action"], readFields(element[2])}, nil
		}
	}
	return form{}, errNoForm
}

func readFields(content string) url.Values {
	fields, submitted := url.Values{}, false
	for _, element := range control.FindAllStringSubmatch(content, -1) {
		attributes := readAttributes(element[2])
		kind := strings.ToLower(attributes["type"])
		submits := kind == "submit" || (strings.EqualFold(element[1], "button") && kind == "")
		_, checked := attributes["checked"]
		switch {
		case submits && submitted, (kind == "checkbox" || kind == "radio") && !checked:
			continue
		case submits:
			submitted = true
		}
		if name := attributes["name"]; name != "" {
			fields.Add(name, attributes["value"])
		}
	}
	return fields
}

// readAttributes reads the attributes of a tag; one without a value is empty.
func readAttributes(tag string) map[string]string {
	attributes := map[string]string{}
	for _, match := range attribute.FindAllStringSubmatch(tag, -1) {
		attributes[strings.ToLower(match[1])] = html.UnescapeString(match[2] + match[3] + match[4])
	}
	return attributes
}
