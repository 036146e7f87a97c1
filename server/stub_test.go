package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

const stubSDL = `
type Query { text(size: Int!): String fails: String wait: String }
type Mutation { set(size: Int!): String }
type Subscription { texts(size: Int!): String never: String }
`

// stub is an executable schema whose fields are as large, slow or wrong as a test wants.
type stub struct {
	schema *ast.Schema
	*knobs
}

// knobs are what all endpoints of a test's server share.
type knobs struct {
	fails error         // what the field fails gives
	began chan struct{} // gets one per subscription to never
}

func (s *stub) Schema() *ast.Schema { return s.schema }

func (*stub) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

func (s *stub) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx).Operation
	f := op.SelectionSet[0].(*ast.Field)
	size := 0
	if a := f.Arguments.ForName("size"); a != nil {
		size, _ = strconv.Atoi(a.Value.Raw)
	}
	answer := &graphql.Response{Data: json.RawMessage(`{"` + f.Name + `":"` + strings.Repeat("x", size) + `"}`)}
	switch {
	case f.Name == "never":
		s.began <- struct{}{}
		fallthrough
	case f.Name == "wait":
		return func(ctx context.Context) *graphql.Response { <-ctx.Done(); return nil }
	case f.Name == "fails":
		graphql.AddError(ctx, s.fails)
		return graphql.OneShot(answer)
	case op.Operation == ast.Subscription:
		return func(ctx context.Context) *graphql.Response {
			if ctx.Err() != nil {
				return nil
			}
			return answer
		}
	}
	return graphql.OneShot(answer)
}

// logs is a log for several goroutines.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) { l.mu.Lock(); defer l.mu.Unlock(); return l.b.Write(p) }
func (l *logs) String() string              { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }

// running is a server that a test talks to.
type running struct {
	*Server
	t       *testing.T
	url     string
	addr    string
	log     *logs
	stub    *knobs
	serving atomic.Int32 // requests whose handlers have not returned
}

// serve starts a server on a stub. change may change its configuration.
func serve(t *testing.T, change func(*Config)) *running {
	t.Helper()
	r := &running{t: t, log: &logs{}, stub: &knobs{began: make(chan struct{}, 1000)}}
	cfg := Config{
		Graph: func(s *ast.Schema) graphql.ExecutableSchema { return &stub{s, r.stub} },
		API:   stubSDL, Command: stubSDL, Query: stubSDL, Reads: true, Writes: true,
		Ready:  func(context.Context) map[string]error { return nil },
		Logger: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.Server = s
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.serving.Add(1)
		defer r.serving.Add(-1)
		s.Handler().ServeHTTP(w, q)
	}))
	r.url, r.addr = h.URL, h.Listener.Addr().String()
	t.Cleanup(func() {
		s.endStreams()
		h.CloseClientConnections()
		h.Close()
	})
	return r
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(10 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("never: " + what)
		}
	}
}

// send sends a request and returns status, body and header.
func (r *running) send(method, path, body string, header ...string) (int, string, http.Header) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(resp.Body); err != nil {
		return resp.StatusCode, text.String() + err.Error(), resp.Header
	}
	return resp.StatusCode, text.String(), resp.Header
}

func query(q string) string {
	b, _ := json.Marshal(map[string]string{"query": q})
	return string(b)
}

// deaf sends a request on a connection with a small buffer, of which nothing is read.
func (r *running) deaf(request string) net.Conn {
	r.t.Helper()
	conn := r.dial(request)
	_ = conn.(*net.TCPConn).SetReadBuffer(4096)
	return conn
}

// dial sends a request and returns the connection.
func (r *running) dial(request string) net.Conn {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { conn.Close() })
	if _, err := conn.Write([]byte(request)); err != nil {
		r.t.Fatal(err)
	}
	return conn
}

func post(path, body string, header ...string) string {
	h := strings.Join(append(header, ""), "\r\n")
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s", path, h, len(body), body)
}
