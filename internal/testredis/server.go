package testredis

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Server is a redis-server of one test's own, which may be killed and started again on the same port and data.
type Server struct {
	Addr string // host:port
	URL  string

	t    testing.TB
	dir  string
	args []string
	proc *process
}

// Option sets something in the server's configuration.
type Option func(*Server)

// AppendOnly keeps every acknowledged write on disk: appendonly yes, appendfsync always.
func AppendOnly() Option { return Args("--appendonly", "yes", "--appendfsync", "always") }

// Args adds arguments of redis-server, such as "--maxmemory", "10mb".
func Args(args ...string) Option {
	return func(s *Server) { s.args = append(s.args, args...) }
}

// Start starts a server for this test, on a free port with an empty folder; it is killed when the test ends. Without a redis-server in
// PATH the test is skipped, loudly; under DAYBOOK_TEST_STRICT=1 it fails.
func Start(t testing.TB, opts ...Option) *Server {
	t.Helper()
	needServer(t, "skipping what needs a server of its own")
	s := &Server{t: t, dir: t.TempDir()}
	for _, o := range opts {
		o(s)
	}
	p, err := launch(s.dir, false, s.args)
	if err != nil {
		t.Fatal(err)
	}
	s.proc, s.Addr, s.URL = p, p.addr, "redis://"+p.addr
	t.Cleanup(s.Kill)
	return s
}

// needServer skips the test, loudly, or fails it, if there is no redis-server.
func needServer(t testing.TB, otherwise string) {
	t.Helper()
	if !hasServer() {
		fallBack(t, otherwise)
		t.Skip("no redis-server in PATH")
	}
}

// Kill ends the server with SIGKILL, as a crash would. It is safe to call twice.
func (s *Server) Kill() {
	if s.proc != nil {
		s.proc.end()
		s.proc = nil
	}
}

// Restart starts the server again, after Kill, on the same port and data. Before that it takes a torn end off the append-only file, as docs/redis.md tells those who run
// Redis to: a server that cuts it off by itself, while it loads, may leave half a transaction there.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	s.repair()
	s.restart()
}

// RestartTorn is Restart of a server that finds bytes of the end of its append-only file missing, and has to make do with that by itself.
func (s *Server) RestartTorn(bytes int64) {
	s.t.Helper()
	s.Kill()
	files, err := filepath.Glob(filepath.Join(s.dir, "appendonlydir", "*.incr.aof"))
	if err != nil || len(files) != 1 {
		s.t.Fatalf("append-only files: %q, %v", files, err)
	}
	info, err := os.Stat(files[0])
	if err == nil {
		err = os.Truncate(files[0], info.Size()-bytes)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.restart()
}

// repair has redis-check-aof look at the append-only file, if there is one of several parts (Redis 7).
func (s *Server) repair() {
	s.t.Helper()
	manifest := filepath.Join(s.dir, "appendonlydir", "appendonly.aof.manifest")
	if _, err := os.Stat(manifest); err != nil {
		return
	}
	check := exec.Command("redis-check-aof", "--fix", manifest)
	check.Stdin = strings.NewReader("y\n")
	if out, err := check.CombinedOutput(); err != nil {
		s.t.Fatalf("redis-check-aof: %v\n%s", err, out)
	}
}

func (s *Server) restart() {
	s.t.Helper()
	p, err := run(s.dir, s.Addr, false, s.args)
	if err != nil {
		s.t.Fatal(err)
	}
	s.proc = p
}

// process is a redis-server under a small shell that waits for the end of its stdin: so the server ends with this process however that ends,
// on any Unix, and nothing needs an exit hook.
type process struct {
	addr  string
	pid   int
	shell *exec.Cmd
	stdin io.Closer
}

const keeper = `dir=$1 remove=$2; shift 2
redis-server "$@" </dev/null >"$dir/log" 2>&1 & pid=$!
echo $pid
cat >/dev/null
kill -9 $pid 2>/dev/null
wait $pid 2>/dev/null
[ "$remove" = true ] && rm -rf "$dir"
exit 0`

// launch starts a server on a free port. Another program may take the port before the server does: it tries a few.
func launch(dir string, remove bool, args []string) (*process, error) {
	var errs []error
	for range 5 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		addr := l.Addr().String()
		l.Close()
		p, err := run(dir, addr, remove, args)
		if err == nil {
			return p, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

func run(dir, addr string, remove bool, args []string) (*process, error) {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	all := append([]string{"-c", keeper, "keeper", dir, strconv.FormatBool(remove),
		"--port", port, "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--daemonize", "no"}, args...)
	cmd := exec.Command("sh", all...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{addr: addr, shell: cmd, stdin: stdin}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err == nil {
		p.pid, err = strconv.Atoi(strings.TrimSpace(line))
	}
	if err == nil {
		err = p.waitReady(10 * time.Second)
	}
	if err != nil {
		p.end()
		return nil, fmt.Errorf("redis-server on %s: %w", addr, err)
	}
	return p, nil
}

// waitReady polls until the server answers PING, and not that it is still loading.
func (p *process) waitReady(limit time.Duration) error {
	deadline := time.Now().Add(limit)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ping(p.addr)
		if err == nil {
			return nil
		}
		if syscall.Kill(p.pid, 0) != nil {
			return errors.New("it ended at once")
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("no answer within %s: %w", limit, err)
		}
		<-tick.C
	}
}

func ping(addr string) error {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(c, "PING\r\n"); err != nil {
		return err
	}
	reply, err := bufio.NewReader(c).ReadString('\n')
	if err == nil && !strings.HasPrefix(reply, "+PONG") {
		err = errors.New(strings.TrimSpace(reply))
	}
	return err
}

// end kills the server, waits until it is gone, and ends the shell.
func (p *process) end() {
	if p.pid > 0 {
		syscall.Kill(p.pid, syscall.SIGKILL) //nolint:errcheck // it may be gone already
		deadline := time.Now().Add(10 * time.Second)
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for ping(p.addr) == nil && time.Now().Before(deadline) {
			<-tick.C
		}
	}
	p.stdin.Close()
	p.shell.Wait() //nolint:errcheck // the shell's exit code says nothing
}
