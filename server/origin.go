package server

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// AnyOrigin in Config.Origins lets every origin in, without credentials.
const AnyOrigin = "*"

// listed reports whether the configuration names an origin.
func (s *Server) listed(origin string) bool {
	return slices.ContainsFunc(s.cfg.Origins, func(o string) bool { return o == AnyOrigin || strings.EqualFold(o, origin) })
}

// cors answers preflights and lets browsers show the answers to the configured origins.
func (s *Server) cors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin, h := r.Header.Get("Origin"), w.Header()
		if len(s.cfg.Origins) > 0 {
			h.Add("Vary", "Origin")
		}
		if origin != "" && s.listed(origin) {
			h.Set("Access-Control-Expose-Headers", positionHeader)
			if slices.Contains(s.cfg.Origins, AnyOrigin) {
				h.Set("Access-Control-Allow-Origin", AnyOrigin)
			} else {
				h.Set("Access-Control-Allow-Origin", origin)
				h.Set("Access-Control-Allow-Credentials", "true")
			}
		}
		if r.Method == http.MethodOptions && origin != "" && r.Header.Get("Access-Control-Request-Method") != "" {
			s.preflight(w, r, origin)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// usualHeaders are allowed where what is asked for can't be repeated.
const usualHeaders = "content-type, authorization, idempotency-key, daybook-at-least, apollo-require-preflight, x-apollo-operation-name"

func (s *Server) preflight(w http.ResponseWriter, r *http.Request, origin string) {
	if !s.originAllowed(r) {
		refuse(w, http.StatusForbidden, "FORBIDDEN_ORIGIN", "pages of this origin may not call here: name it with --origins or DAYBOOK_ORIGINS")
		return
	}
	if !s.listed(origin) { // its own
		w.Header().Set("Access-Control-Allow-Origin", origin)
	}
	asked := strings.Join(r.Header.Values("Access-Control-Request-Headers"), ",")
	if asked == "" || len(asked) > 1000 || strings.ContainsFunc(asked, func(c rune) bool { return !inHeaderList(c) }) {
		asked = usualHeaders
	}
	h := w.Header()
	h.Add("Vary", "Access-Control-Request-Headers")
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", asked)
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}

// inHeaderList reports whether a list of header names may have c.
func inHeaderList(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_, ", c)
}

// originAllowed decides about streams, of which browsers open WebSockets across origins without asking.
func (s *Server) originAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || s.listed(origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && strings.EqualFold(u.Host, r.Host)
}

// local keeps other sites' pages out of a server on a loopback address. Such a page can have its own name lead to 127.0.0.1 (DNS rebinding), and then has
// the same origin; the name is in Host.
func (s *Server) local(addr net.Addr, next http.Handler) http.Handler {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsLoopback() {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.hostAllowed(r.Host) {
			refuse(w, http.StatusForbidden, "FORBIDDEN_HOST", fmt.Sprintf(
				"this server listens on %s only, and answers to localhost: name the origin that it is reached under with --origins or DAYBOOK_ORIGINS", tcp.IP))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) hostAllowed(hostport string) bool {
	host := hostname(hostport)
	if host == "" || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true // no browser leaves it out
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() {
		return true
	}
	return slices.ContainsFunc(s.cfg.Origins, func(o string) bool {
		u, err := url.Parse(o)
		return o == AnyOrigin || err == nil && strings.EqualFold(u.Hostname(), host)
	})
}

// hostname returns the name or address in a Host header.
func hostname(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}
