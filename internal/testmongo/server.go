package testmongo

import (
	"io"
	"os/exec"
	"strings"
	"testing"
)

// Server is a server of one test's own, which it may kill. Its documents survive that.
type Server struct {
	URI string

	t       testing.TB
	program string
	dir     string
	cmd     *exec.Cmd
	stdin   io.Closer
}

// Start starts an embedded FerretDB, whatever MONGODB_URI says, and ends it with the test. Where it cannot be built the test is skipped, loudly, or fails: see URI.
func Start(t testing.TB) *Server {
	t.Helper()
	program, err := build()
	if err != nil {
		without(t, err)
	}
	s := &Server{t: t, program: program, dir: t.TempDir()}
	s.run("127.0.0.1:0")
	t.Cleanup(s.Kill)
	return s
}

func (s *Server) run(listen string) {
	s.t.Helper()
	cmd, stdin, uri, err := start(s.program, "-dir", s.dir, "-keep", "-listen", listen)
	if err != nil {
		s.t.Fatal(err)
	}
	s.cmd, s.stdin, s.URI = cmd, stdin, uri
}

// Kill ends the server at once, as a crash would. It may be called again.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill() // fails if it is gone
	_ = s.cmd.Wait()
	_ = s.stdin.Close()
}

// Restart starts the killed server again, at the same URI.
func (s *Server) Restart() {
	s.t.Helper()
	s.run(strings.Trim(strings.TrimPrefix(s.URI, "mongodb://"), "/"))
}
