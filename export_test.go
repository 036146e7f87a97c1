package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/app"
	"github.com/daybook-cqrs/daybook/internal/teststore"
)

// export runs the subcommand in this process, and returns what it wrote.
func export(t *testing.T, code int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	if got := app.Do(t.Context(), definition, append([]string{"export"}, args...), nil, &out, &errs); got != code {
		t.Fatalf("export %v: exit code %d\n%s", args, got, errs.String())
	}
	return out.String(), errs.String()
}

// products makes so many products, of three events each, and waits until they are consolidated.
func (s *store) products(n int) {
	s.t.Helper()
	for from := 0; from < n; from += 16 {
		var m strings.Builder
		for i := from; i < min(from+16, n); i++ {
			fmt.Fprintf(&m, `a%d: createProduct(id: "p%04[1]d", category: "%s", stock: 9) { errors { code } } b%[1]d: takeStock(id: "p%04[1]d", quantity: 1) { errors { code } } c%[1]d: returnStock(id: "p%04[1]d", quantity: 1) { errors { code } } `,
				i, strings.Repeat("x", 300))
		}
		if a := s.do("mutation { " + m.String() + "}"); strings.Contains(a.raw, `"code"`) {
			s.t.Fatal(a.raw)
		}
	}
	s.eventually(`{ products(where: {version: {eq: 3}}) { totalCount } }`, "data.products.totalCount", fmt.Sprint(n))
}

var goOnFrom = regexp.MustCompile(`--(?:from|after)=(\S+)`)

// TestExportEvents exports beside a process that runs: all in one go, in parts by position, and of some entities.
func TestExportEvents(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := spawn(t, args...)
		s.seed()
		first, said := export(t, 0, append(args, "events")...)
		from := goOnFrom.FindStringSubmatch(said)[1]
		s.products(20)
		all, _ := export(t, 0, append(args, "events")...)
		rest, _ := export(t, 0, append(args, "events", "--from="+from)...)
		if first == "" || first+rest != all || strings.Count(rest, "\n") != 60 {
			t.Errorf("the first part:\n%.2000s\nthe rest:\n%.2000s\nall:\n%.2000s", first, rest, all)
		}
		if again, _ := export(t, 0, append(args, "events", "--to="+from)...); again != first {
			t.Errorf("up to the position:\n%s\nnot:\n%s", again, first)
		}
		orders, _ := export(t, 0, append(args, "events", "--entity=Order,Customer", "--quiet")...)
		if strings.Count(orders, "\n") != 2 {
			t.Errorf("events of orders and customers:\n%s", orders)
		}
		for line := range strings.Lines(orders) {
			var e struct {
				Entity, ID, Name, To, CommandID, At, Hash string
				Version, Seq                              int
				Changes                                   []struct{ Op, Path string }
			}
			if err := json.Unmarshal([]byte(line), &e); err != nil || e.Version != 1 || e.Seq < 1 || len(e.Changes) == 0 || e.CommandID == "" || e.At == "" || len(e.Hash) != 40 ||
				e.Entity+e.ID+e.Name+e.To != "Customerc1CustomerRegisteredACTIVE" && e.Entity+e.ID+e.Name+e.To != "Ordero1OrderCreatedCREATED" {
				t.Errorf("%v: %s", err, line)
			}
		}
	})
}

// TestExportDocuments has copies, references inside value objects, filters and a choice of fields.
func TestExportDocuments(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := spawn(t, args...)
		s.seed()
		s.products(30)
		s.settle()
		documents := func(more ...string) (string, string) {
			t.Helper()
			return export(t, 0, append(append(args, "documents"), more...)...)
		}
		out, _ := documents("--entity=Order")
		var o struct {
			ID, Status, CustomerID, CustomerName, Total, CreatedAt string
			Note                                                   *string
			Lines                                                  []struct{ Line, ProductID, Price string }
		}
		if err := json.Unmarshal([]byte(out), &o); err != nil || o.ID != "o1" || o.Status != "CREATED" || o.CustomerID != "c1" || o.CustomerName != "Ana" || o.Total != "79.09" || *o.Note != "gift" ||
			len(o.Lines) != 1 || o.Lines[0].ProductID != "p1" || o.Lines[0].Price != "21.33" || !strings.HasSuffix(o.CreatedAt, "Z") {
			t.Errorf("%v: %s", err, out)
		}
		if out, _ := documents("--entity=Product", "--format=csv", "--fields=stock,photos", `--where={stock: {eq: 9}, id: {lt: "p0002"}}`); out != "id,stock,photos\r\np0000,9,\r\np0001,9,\r\n" {
			t.Errorf("%q", out)
		}
		for city, want := range map[string]string{"Recife": "id\r\no1\r\n", "Rome": "id\r\n"} { // through a reference
			if out, _ := documents("--entity=Order", "--format=csv", "--fields=id", fmt.Sprintf("--where={customer: {city: {eq: %q}}}", city)); out != want {
				t.Errorf("%s: %q", city, out)
			}
		}
		s.eventually(`{ customerActivities(where: {events: {gt: 1}}) { totalCount } }`, "data.customerActivities.totalCount", "1") // a view
		if out, _ := documents("--entity=CustomerActivity", "--format=csv", "--fields=lastOrderId"); out != "id,lastOrderId\r\nc1,o1\r\n" {
			t.Errorf("%q", out)
		}
		all, _ := documents("--entity=Product", "--quiet")
		if lines := strings.Count(all, "\n"); lines != 31 {
			t.Errorf("%d lines", lines)
		}
		some, said := documents("--entity=Product", `--where={"id": {"lte": "p0010"}}`)
		after := goOnFrom.FindAllStringSubmatch(said, -1)
		rest, _ := documents("--entity=Product", "--after="+after[len(after)-1][1])
		if some == "" || some+rest != all {
			t.Errorf("%s\n%s", some, rest)
		}
		file := filepath.Join(t.TempDir(), "products.csv")
		whole, _ := documents("--entity=Product", "--format=csv")
		write(t, file, whole[:len(whole)/2])
		documents("--entity=Product", "--format=csv", "--output", file, "--resume")
		if got := read(t, file); got != whole {
			t.Errorf("continued: %d bytes, not %d", len(got), len(whole))
		}
	})
}

// stuck is an export whose reader reads a while and then no more, so that it stands still in the middle.
type stuck struct {
	*exec.Cmd
	out  io.Reader
	logs bytes.Buffer
	read []byte
}

func exportUntilStuck(t *testing.T, n int64, args ...string) *stuck {
	t.Helper()
	s := &stuck{Cmd: teststore.Command(t, append([]string{"export"}, args...)...)}
	s.Stderr = &s.logs
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	s.Stdout, s.out = w, r
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if s.read, err = io.ReadAll(io.LimitReader(r, n)); err != nil || int64(len(s.read)) != n {
		t.Fatalf("%d bytes of %d came: %v", len(s.read), n, err)
	}
	return s
}

// drain reads what is left, until the process has ended: slowly, for a signal takes a while.
func (s *stuck) drain(t *testing.T) string {
	t.Helper()
	for piece := make([]byte, 4096); ; time.Sleep(3 * time.Millisecond) {
		n, err := s.out.Read(piece)
		s.read = append(s.read, piece[:n]...)
		if errors.Is(err, io.EOF) {
			return string(s.read)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestExportIsKilled: what was written when the process was killed is continued to what an export in one go has, and one that is interrupted says where to go on.
func TestExportIsKilled(t *testing.T) {
	pairs(t, func(t *testing.T, args []string) {
		s := spawn(t, args...)
		s.products(400)
		for _, format := range []string{"ndjson", "csv"} {
			args := append(args[:len(args):len(args)], "events", "--format="+format)
			whole, _ := export(t, 0, args...)
			killed := exportUntilStuck(t, 100_000, args...)
			if err := killed.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			got := killed.drain(t)
			if err := killed.Wait(); err == nil || len(got) >= len(whole) {
				t.Fatalf("it had ended: %v, %d bytes of %d", err, len(got), len(whole))
			}
			file := filepath.Join(t.TempDir(), "events")
			write(t, file, got)
			export(t, 0, append(args, "--output", file, "--resume")...)
			if read(t, file) != whole {
				t.Errorf("%s: continued after kill -9 it is another export", format)
			}

			interrupted := exportUntilStuck(t, 100_000, args...)
			if err := interrupted.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			got = interrupted.drain(t)
			if err := interrupted.Wait(); err == nil || interrupted.ProcessState.ExitCode() != 1 || len(got) >= len(whole) || strings.Count(interrupted.logs.String(), "\n") != 1 {
				t.Fatalf("%v, %d bytes of %d:\n%s", err, len(got), len(whole), interrupted.logs.String())
			}
			rest, _ := export(t, 0, append(args, "--from="+goOnFrom.FindStringSubmatch(interrupted.logs.String())[1])...)
			if format == "csv" {
				rest = rest[strings.Index(rest, "\n")+1:]
			}
			if got+rest != whole {
				t.Errorf("%s: continued after SIGINT it is another export", format)
			}
		}
		enough := exportUntilStuck(t, 1000, append(args, "events")...)
		enough.out.(io.Closer).Close()
		if err := enough.Wait(); err == nil || enough.logs.Len() > 0 {
			t.Errorf("a reader that has enough: %v\n%s", err, enough.logs.String())
		}
	})
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
