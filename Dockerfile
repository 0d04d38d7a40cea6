# The operator's image: two static binaries, which bring the roots that X's
# certificate is checked against. There is no shell, no package manager and no user
# but one without rights. (`make release` makes an image of the same content without
# a container engine; that one is reproducible.)

# Compiles on the machine's own platform for the one that is wanted.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETOS
ARG TARGETARCH
# What the binaries say that they are. Without it: what git says of the commit.
ARG VERSION=
WORKDIR /src
# The modules first: they change less often than the code, so this layer is reused.
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags="-s -w -X github.com/agentconnect/x-operator/internal/version.release=$VERSION" -o /out/ . ./cmd/...

FROM scratch
# The plugin is here for jobs that publish, as config/samples shows.
COPY --from=build /out/ /
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
ENTRYPOINT ["/x-operator"]
