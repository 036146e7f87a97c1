package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// request sends what no GraphQL client would and returns status and body.
func (s *store) request(method, path, contentType, body string, header ...string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, "http://"+s.addr+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func TestGarbageIsRefusedClearly(t *testing.T) {
	s := start(t, "--data", t.TempDir())
	const mutation = `{"query":"mutation { createProduct(id: \"evil\") { errors { code } } }"}`
	for name, c := range map[string]struct {
		method, path, contentType, body string
		status                          int
		want                            string
	}{
		"a form of another site":      {"POST", "/graphql", "text/plain", mutation, 415, "application/json"},
		"a urlencoded form":           {"POST", "/graphql", "application/x-www-form-urlencoded", "query=mutation", 415, "application/json"},
		"multipart":                   {"POST", "/graphql", "multipart/form-data; boundary=x", "--x--", 415, "application/json"},
		"a subscription by POST":      {"POST", "/graphql", "application/json", `{"query":"subscription { productsChanged { type } }"}`, 406, "use a WebSocket"},
		"no content type":             {"POST", "/graphql", "", mutation, 415, "application/json"},
		"a mutation by GET":           {"GET", "/graphql?query=mutation%7BcreateProduct(id:%22evil%22)%7Berrors%7Bcode%7D%7D%7D", "", "", 405, "GET requests only allow query operations"},
		"DELETE":                      {"DELETE", "/graphql", "", "", 405, "POST"},
		"no JSON":                     {"POST", "/graphql", "application/json", "{", 400, "INVALID_INPUT"},
		"a batch":                     {"POST", "/graphql", "application/json", "[" + mutation + "]", 400, "one object"},
		"no query":                    {"POST", "/graphql", "application/json", "{}", 422, "errors"},
		"too large":                   {"POST", "/graphql", "application/json", `{"query":"` + strings.Repeat(" ", 2<<20) + `{daybook}"}`, 413, "1048576 bytes"},
		"too many tokens":             {"POST", "/graphql", "application/json", `{"query":"{` + strings.Repeat(" daybook", 6000) + `}"}`, 422, "token"},
		"too deep":                    {"POST", "/query", "application/json", `{"query":"{ customers(first: 1) { edges { node { ` + strings.Repeat("orders(first: 1) { edges { node { customer { ", 8) + "id" + strings.Repeat(" } } } }", 8) + ` } } } }"}`, 200, "levels deep"},
		"too many root fields":        {"POST", "/query", "application/json", `{"query":"{` + aliases(60) + `}"}`, 200, "root fields"},
		"too costly":                  {"POST", "/query", "application/json", `{"query":"{ orders(first: 1000) { edges { node { customer { orders(first: 1000) { edges { node { id } } } } } } } }"}`, 200, "smaller pages"},
		"nested fragments":            {"POST", "/query", "application/json", `{"query":"` + fragments(25) + `"}`, 200, ""},
		"defer":                       {"POST", "/query", "application/json", `{"query":"{ customers { ... @defer { totalCount } } }"}`, 422, "defer"},
		"an enum that is not one":     {"POST", "/query", "application/json", `{"query":"query($s: OrderStatus) { orders(where: {status: {eq: $s}}) { totalCount } }","variables":{"s":"LOST"}}`, 422, "OrderStatus"},
		"a huge integer":              {"POST", "/query", "application/json", `{"query":"{ orders(first: 99999999999999999999) { totalCount } }"}`, 422, "32-bit"},
		"another site's WebSocket":    {"GET", "/query", "", "", 403, "origin"},
		"an idempotency key too long": {"POST", "/command", "application/json", mutation, 400, "200 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			var header []string
			switch {
			case strings.Contains(name, "WebSocket"):
				header = []string{"Origin", "https://evil.example", "Upgrade", "websocket", "Connection", "Upgrade"}
			case strings.Contains(name, "idempotency"):
				header = []string{"Idempotency-Key", strings.Repeat("k", 201)}
			}
			status, body := s.request(c.method, c.path, c.contentType, c.body, header...)
			if status != c.status || !strings.Contains(body, c.want) {
				t.Errorf("%d %.300s", status, body)
			}
		})
	}
	s.do(`{ products { totalCount } }`).want("data.products.totalCount", "0")
}

func aliases(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " a%d: daybook", i)
	}
	return b.String()
}

// fragments nests fragments that each spread the one before twice: 2^n when spelled out.
func fragments(n int) string {
	b := "{ ...f" + fmt.Sprint(n) + " } fragment f0 on Query { daybook }"
	for i := 1; i <= n; i++ {
		b += fmt.Sprintf(" fragment f%d on Query { ...f%d ...f%d }", i, i-1, i-1)
	}
	return b
}

func TestPages(t *testing.T) {
	s := start(t, "--data", t.TempDir())
	for path, want := range map[string]string{
		"/playground": "Daybook playground", "/playground/graphiql.min.js": "GraphiQL", "/playground/playground.js": "createFetcher",
		"/healthz": "ok", "/readyz": "ready", "/": "Daybook playground",
	} {
		status, body := s.request("GET", path, "", "")
		if status != 200 || !strings.Contains(body, want) || strings.Contains(body, "https://unpkg") {
			t.Errorf("%s: %d %.200s", path, status, body)
		}
	}
}
