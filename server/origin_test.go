package server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPagesOfOtherOrigins(t *testing.T) {
	const shop, evil = "https://shop.example", "https://evil.example"
	const q = `{"query":"{text(size:1)}"}`
	for name, c := range map[string]struct {
		origins      []string
		method, from string
		header       []string
		status       int
		origin, cred string
	}{
		"preflight":              {[]string{shop}, "OPTIONS", shop, []string{"Access-Control-Request-Method", "POST"}, 204, shop, "true"},
		"preflight of another":   {[]string{shop}, "OPTIONS", evil, []string{"Access-Control-Request-Method", "POST"}, 403, "", ""},
		"preflight of any":       {[]string{"*"}, "OPTIONS", evil, []string{"Access-Control-Request-Method", "GET"}, 204, "*", ""},
		"request":                {[]string{shop}, "POST", shop, nil, 200, shop, "true"},
		"request of another":     {[]string{shop}, "POST", evil, nil, 200, "", ""}, // which the browser asked about before, and does not show
		"request of any":         {[]string{"*"}, "POST", evil, nil, 200, "*", ""},
		"request without origin": {[]string{shop}, "POST", "", nil, 200, "", ""},
		"events":                 {[]string{shop}, "POST", shop, []string{"Accept", eventStream}, 200, shop, "true"},
		"events of another":      {[]string{shop}, "POST", evil, []string{"Accept", eventStream}, 403, "", ""},
		"nobody is let in":       {nil, "OPTIONS", shop, []string{"Access-Control-Request-Method", "POST"}, 403, "", ""},
		"no preflight":           {nil, "OPTIONS", "", nil, 200, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := serve(t, func(cfg *Config) { cfg.Origins = c.origins })
			header := c.header
			if c.from != "" {
				header = append(header, "Origin", c.from)
			}
			body := ""
			if c.method == "POST" {
				body = q
			}
			status, text, h := r.send(c.method, "/graphql", body, header...)
			if status != c.status || h.Get("Access-Control-Allow-Origin") != c.origin || h.Get("Access-Control-Allow-Credentials") != c.cred {
				t.Errorf("%d %v %s", status, h, text)
			}
			if exposed := h.Get("Access-Control-Expose-Headers"); (exposed == "Daybook-Position") != (c.origin != "") {
				t.Errorf("exposed: %q", exposed)
			}
			if len(c.origins) > 0 && !strings.Contains(strings.Join(h.Values("Vary"), ","), "Origin") {
				t.Errorf("Vary: %v", h.Values("Vary"))
			}
		})
	}
}

func TestPreflightsAllowTheHeadersThatAreAskedFor(t *testing.T) {
	r := serve(t, func(c *Config) { c.Origins = []string{"https://shop.example"} })
	for asked, want := range map[string]string{
		"content-type,x-apollo-operation-name": "content-type,x-apollo-operation-name",
		"":                                     usualHeaders,
		"x-\"quoted\"":                         usualHeaders,
		strings.Repeat("x-long,", 200):         usualHeaders,
	} {
		_, _, h := r.send("OPTIONS", "/graphql", "", "Origin", "https://shop.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", asked)
		if got := h.Get("Access-Control-Allow-Headers"); got != want || h.Get("Access-Control-Allow-Methods") != "GET, POST" {
			t.Errorf("%q: %q", asked, got)
		}
	}
}

func TestSocketsOfOtherOrigins(t *testing.T) {
	r := serve(t, func(c *Config) { c.Origins = []string{"https://shop.example"} })
	for origin, want := range map[string]string{"https://shop.example": "101", "https://evil.example": "FORBIDDEN_ORIGIN", "http://localhost": "101"} {
		conn := r.dial(strings.Replace(upgrade, "Upgrade: websocket", "Upgrade: websocket\r\nOrigin: "+origin, 1))
		buf := make([]byte, 2000)
		n, err := conn.Read(buf)
		if err != nil || !strings.Contains(string(buf[:n]), want) {
			t.Errorf("%s: %v %s", origin, err, buf[:n])
		}
	}
}

func TestHostsOnALoopbackAddress(t *testing.T) {
	origins := []string{"https://shop.example:8443"}
	s := serve(t, func(c *Config) { c.Origins = origins })
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	loopback := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}
	for host, status := range map[string]int{
		"localhost": 200, "localhost:8080": 200, "LOCALHOST:1": 200, "app.localhost:8080": 200, "127.0.0.1:8080": 200, "127.9.9.9": 200, "[::1]:8080": 200, "[::1]": 200,
		"shop.example": 200, "shop.example:8443": 200, "": 200,
		"evil.example:8080": 403, "evil.example": 403, "127.0.0.1.evil.example": 403, "10.0.0.1:8080": 403, "localhost.evil.example": 403,
	} {
		for _, addr := range []net.Addr{loopback, &net.TCPAddr{IP: net.IPv6loopback}, &net.TCPAddr{IP: net.IPv4zero}} {
			want := status
			if addr.(*net.TCPAddr).IP.IsUnspecified() {
				want = 200
			}
			req := httptest.NewRequest("GET", "/graphql", nil)
			req.Host = host
			w := httptest.NewRecorder()
			s.local(addr, ok).ServeHTTP(w, req)
			if w.Code != want || want == 403 && !strings.Contains(w.Body.String(), `"FORBIDDEN_HOST"`) {
				t.Errorf("%s on %s: %d %s", host, addr, w.Code, w.Body)
			}
		}
	}
	s.cfg.Origins = []string{AnyOrigin}
	if !s.hostAllowed("evil.example") {
		t.Error("any origin is let in, but not any host")
	}
}

func TestReadyzNamesPartsOnly(t *testing.T) {
	failing := map[string]error{}
	r := serve(t, func(c *Config) { c.Ready = func(context.Context) map[string]error { return failing } })
	ready := func(status int, want string) {
		t.Helper()
		if got, body, _ := r.send("GET", "/readyz", ""); got != status || strings.TrimSpace(body) != want {
			t.Errorf("%d %s", got, body)
		}
	}
	ready(200, `{"status":"ready"}`)
	failing["log"], failing["documents"] = errors.New("dial 10.0.0.1"), errors.New("dial 10.0.0.2")
	for range 3 {
		ready(503, `{"failing":["documents","log"],"status":"not ready"}`)
	}
	if n := strings.Count(r.log.String(), "10.0.0.1"); n != 1 {
		t.Errorf("logged %d times", n)
	}
	delete(failing, "log")
	delete(failing, "documents")
	ready(200, `{"status":"ready"}`)
	if !strings.Contains(r.log.String(), "msg=ready") {
		t.Error(r.log)
	}
	if status, _, _ := r.send("GET", "/favicon.ico", ""); status != 204 {
		t.Errorf("the icon: %d", status)
	}
}
