package server

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed assets
var assets embed.FS

// playground mounts GraphiQL, from files inside the binary: it needs no network.
func playground(mux *http.ServeMux, cfg Config) error {
	page, err := template.ParseFS(assets, "assets/playground.html")
	if err != nil {
		return err
	}
	var html bytes.Buffer
	if err := page.Execute(&html, map[string]string{"Endpoint": "/graphql", "Example": cfg.Example}); err != nil {
		return err
	}
	mux.HandleFunc("GET /playground", func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-cache")
		_, _ = w.Write(html.Bytes()) // the client is gone if this fails
	})
	files, err := assets.ReadDir("assets")
	if err != nil {
		return err
	}
	for _, f := range files {
		if f.Name() == "playground.html" {
			continue
		}
		a, err := loadAsset(f.Name())
		if err != nil {
			return err
		}
		mux.Handle("GET /playground/"+a.name, a)
	}
	return nil
}

// asset is one file of the playground, plain and compressed.
type asset struct {
	name, mime, etag string
	plain, gzip      []byte // gzip is nil for files that are not stored compressed
}

func loadAsset(file string) (*asset, error) {
	raw, err := assets.ReadFile("assets/" + file)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	a := &asset{name: strings.TrimSuffix(file, ".gz"), plain: raw, etag: `"` + hex.EncodeToString(sum[:8]) + `"`}
	a.mime = mime.TypeByExtension(path.Ext(a.name))
	if a.name == file {
		return a, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	a.gzip = raw
	a.plain, err = io.ReadAll(r)
	return a, err
}

// ServeHTTP serves the file, compressed to whom understands that.
func (a *asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.mime)
	h.Set("ETag", a.etag)
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept-Encoding")
	body := a.plain
	if r.Header.Get("If-None-Match") == a.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if a.gzip != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = a.gzip
	}
	_, _ = w.Write(body) // the client is gone if this fails
}
