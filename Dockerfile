# The operator's image: one static binary and the roots that X's certificate is
# checked against. There is no shell, no package manager and no user but one
# without rights. (`ko build .` makes an image of the same content without a
# container engine.)

# Compiles on the machine's own platform for the one that is wanted.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETOS
ARG TARGETARCH
WORKDIR /src
# The modules first: they change less often than the code, so this layer is reused.
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags="-s -w" -o /out/ . ./cmd/...

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
# The plugin is here for jobs that publish, as config/samples shows.
COPY --from=build /out/ /
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
ENTRYPOINT ["/x-operator"]
