package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestShutdownDoesNotDependOnClients stops a process that has a request which never comes whole, and a subscriber.
func TestShutdownDoesNotDependOnClients(t *testing.T) {
	p := spawn(t, "--data", t.TempDir())
	dial := func(text string) net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", p.addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if _, err := conn.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	const head = "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
	dial(head + "Content-Length: 100\r\n\r\n{\"query\":")
	const body = `{"query":"subscription { productsChanged { type } }"}`
	events := bufio.NewReader(dial(fmt.Sprintf("%sAccept: text/event-stream\r\nContent-Length: %d\r\n\r\n%s", head, len(body), body)))
	if line, err := events.ReadString('\n'); err != nil || !strings.Contains(line, "200") {
		t.Fatal(line, err)
	}
	p.do(`{ daybook }`).want("data.daybook", "0.1.0") // the requests before are being served
	begun := time.Now()
	if err := p.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(events)
	if strings.Contains(string(rest), "event: complete") {
		t.Errorf("the subscriber is told that it is complete: %q", rest)
	}
	if err := p.Cmd.Wait(); err != nil || time.Since(begun) > 8*time.Second {
		t.Errorf("%v after %s", err, time.Since(begun))
	}
}
