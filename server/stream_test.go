package server

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

const upgrade = "GET /query HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"

// frame is a WebSocket text frame of a client, masked with zeros; short texts only.
func frame(text string) string {
	return string([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}) + text
}

func TestClientsThatStopReadingAreDropped(t *testing.T) {
	const large = `subscription{texts(size:1000000)}`
	for name, request := range map[string]string{
		"events":   post("/query", query(large), "Accept: text/event-stream"),
		"a socket": upgrade + frame(`{"type":"connection_init"}`) + frame(`{"type":"subscribe","id":"1","payload":{"query":"`+large+`"}}`),
		"a query":  post("/query", query(`{text(size:16000000)}`)),
	} {
		t.Run(name, func(t *testing.T) {
			r := serve(t, func(c *Config) {
				c.Limits.Stall = 300 * time.Millisecond
				if name == "events" {
					c.Limits.KeepAlive = time.Millisecond // pings get in the way of everything
				}
			})
			for range 3 {
				r.deaf(request)
			}
			eventually(t, "three requests", func() bool { return r.serving.Load() == 3 })
			eventually(t, "all dropped", func() bool { return r.serving.Load() == 0 })
		})
	}
}

// TestASlowReaderIsNotDropped reads longer than Limits.Stall, but reads.
func TestASlowReaderIsNotDropped(t *testing.T) {
	r := serve(t, func(c *Config) { c.Limits.Stall = 300 * time.Millisecond })
	const size = 12_000_000
	conn := r.dial(post("/query", query(`{text(size:12000000)}`), "Connection: close"))
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	total, begun := 0, time.Now()
	for buf := make([]byte, 200_000); ; {
		<-tick.C
		n, err := io.ReadFull(conn, buf)
		total += n
		if err != nil {
			break
		}
	}
	if total < size || time.Since(begun) < 600*time.Millisecond {
		t.Errorf("%d bytes in %s", total, time.Since(begun))
	}
}

// TestKeepAliveAfterTheEnd ends streams of events while their pings are being written, again and again.
func TestKeepAliveAfterTheEnd(t *testing.T) {
	r := serve(t, func(c *Config) { c.Limits.KeepAlive = 50 * time.Microsecond })
	for range 200 {
		conn := r.dial(post("/query", query(`subscription{never}`), "Accept: text/event-stream"))
		<-r.stub.began
		conn.Close()
	}
	eventually(t, "all ended", func() bool { return r.serving.Load() == 0 })
}

func TestNothingIsWrittenAfterTheHandler(t *testing.T) {
	s := &stream{ResponseWriter: noWriter{}}
	s.end()
	s.Flush() // net/http would panic
	if _, err := s.Write([]byte("x")); err == nil {
		t.Error("it was written")
	}
}

type noWriter struct{ http.ResponseWriter }

func TestAShutdownIsNoEndOfTheStream(t *testing.T) {
	r := serve(t, nil)
	conn := r.dial(post("/query", query(`subscription{never}`), "Accept: text/event-stream"))
	<-r.stub.began
	r.endStreams()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	all, _ := io.ReadAll(conn)
	if text := string(all); !strings.Contains(text, "event-stream") || strings.Contains(text, "complete") || strings.HasSuffix(text, "0\r\n\r\n") {
		t.Errorf("the client reads %q", text)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	r := serve(t, func(c *Config) { c.Limits.Streams = 2 })
	one := r.deaf(post("/query", query(`subscription{never}`), "Accept: text/event-stream"))
	r.deaf(upgrade)
	eventually(t, "two streams", func() bool { r.gate.mu.Lock(); defer r.gate.mu.Unlock(); return r.gate.open == 2 })
	status, body, _ := r.send("POST", "/query", query(`subscription{never}`), "Accept", "text/event-stream")
	if status != 503 || !strings.Contains(body, `"TOO_MUCH"`) {
		t.Errorf("%d %s", status, body)
	}
	if status, body, _ := r.send("POST", "/query", query(`{text(size:1)}`)); status != 200 {
		t.Errorf("a query: %d %s", status, body)
	}
	one.Close()
	eventually(t, "one stream", func() bool { r.gate.mu.Lock(); defer r.gate.mu.Unlock(); return r.gate.open == 1 })
}

// serving runs Serve until the test ends it, and returns the address and how to end it.
func serving(t *testing.T, r *running) (addr string, end func() (time.Duration, error)) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Serve(ctx, ln) }()
	return ln.Addr().String(), func() (time.Duration, error) {
		begun := time.Now()
		cancel()
		err := <-done
		return time.Since(begun), err
	}
}

func TestServeDoesNotWaitForever(t *testing.T) {
	r := serve(t, nil)
	addr, end := serving(t, r)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(strings.TrimSuffix(post("/query", query(`{text(size:1)}`)), `"}`))); err != nil {
		t.Fatal(err)
	}
	r.addr = addr
	r.deaf(post("/query", query(`{text(size:16000000)}`)))
	eventually(t, "both", func() bool { // a third request comes through only after the two were accepted
		resp, err := http.Get("http://" + addr + "/healthz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return true
	})
	if took, err := end(); err != nil || took > ShutdownBound+3*time.Second || !strings.Contains(r.log.String(), "cut off") {
		t.Errorf("%v after %s\n%s", err, took, r.log)
	}
}
