package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/internal/testredis"
	"github.com/daybook-cqrs/daybook/schema"
)

// exported runs export on the store's model.
func exported(t *testing.T, stdout io.Writer, args ...string) (code int, stderr string) {
	t.Helper()
	var errs strings.Builder
	code = Do(t.Context(), Definition{Schema: os.DirFS("..")}, append([]string{"export"}, args...), nil, stdout, &errs)
	return code, errs.String()
}

// emptyBackend makes the files of a backend that nothing happened in.
func emptyBackend(t *testing.T) string {
	t.Helper()
	model, err := schema.Load(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	p, err := open(t.Context(), &Config{Roles: allRoles, Data: data}, model, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	p.close()
	return data
}

func TestWrongExportsAreOneLine(t *testing.T) {
	data, none := emptyBackend(t), t.TempDir()
	there := filepath.Join(t.TempDir(), "there")
	if err := os.WriteFile(there, []byte("Dear Ana"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		want string
	}{
		{"", "say what: export events, or export documents --entity=Order"},
		{"everything", "say what"},
		{"events documents", "say what"},
		{"events --formt csv", "formt"},
		{"events --format=xml", `--format=xml: there is no format "xml": use ndjson or csv`},
		{"events --from=x", "--from=x: not a position"},
		{"events --to=x", "--to=x: not a position"},
		{"events --entity=Orders", `no entity "Orders": name one of Customer, Order`},
		{"events --where={}", "--where is for export documents only"},
		{"documents --from=x --entity=Order", "--from is for export events only"},
		{"documents", "name it with --entity=Order"},
		{"documents --entity=Order,Customer", "those of one entity or view"},
		{"documents --entity=Orders", `no entity or view "Orders": name one of Customer, Order`},
		{"documents --entity=Order --where={", "--where={: it is no value: write it like {status"},
		{"documents --entity=Order --where=7", "it is no filter"},
		{"documents --entity=Order --where={nte:{eq:1}}", "where.nte can't be filtered by"},
		{"documents --entity=Order --fields=nte", `no field "nte": name some of id, version`},
		{"events --resume", "name it with --output"},
		{"events --output=" + there, "is there already: go on in it with --resume"},
		{"events --resume --output=" + there, "line 1 does not begin"},
		{"events --resume --output=" + data, "--output"},
		{"events --resume --output=/dev/null", "only a file can be continued"},
		{"events --output=" + filepath.Join(data, "no", "file"), "can't write --output"},
		{"events --from=AQABAQ", "not of this log, or the log lost its tail since"},
		{"events --data=" + none, "no log in " + none},
		{"documents --entity=Order --data=" + none, "no documents in " + none},
		{"events --redis-url=redis://127.0.0.1:1", "connection refused"},
		{"documents --entity=Order --mongodb-uri=mongodb://127.0.0.1:1", "connection refused"},
		{"events --partitions=0", "1 to 1024"},
	} {
		args := strings.Fields(c.args)
		if !strings.Contains(c.args, "--data") {
			args = append(args, "--data", data)
		}
		var stdout strings.Builder
		code, stderr := exported(t, &stdout, args...)
		if code != 2 || !strings.HasPrefix(stderr, "daybook: export: ") || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 || stdout.Len() > 0 {
			t.Errorf("%s: %d\n%s\n%s", c.args, code, stderr, stdout.String())
		}
	}
	if text, err := os.ReadFile(there); err != nil || string(text) != "Dear Ana" {
		t.Errorf("the file has %q now (%v)", text, err)
	}
	if files, err := os.ReadDir(none); err != nil || len(files) > 0 {
		t.Errorf("it made %v (%v)", files, err)
	}
}

func TestNoLogIsMadeInRedis(t *testing.T) {
	url := testredis.Start(t).URL
	code, stderr := exported(t, io.Discard, "events", "--redis-url", url)
	if code != 2 || !strings.Contains(stderr, "there is no log") {
		t.Errorf("%d: %s", code, stderr)
	}
	c := testredis.Client(t, url)
	defer c.Close()
	if n, err := c.DBSize(t.Context()).Result(); err != nil || n != 0 {
		t.Errorf("%d keys, %v", n, err)
	}
}

func TestExportsOfNothing(t *testing.T) {
	data := emptyBackend(t)
	for args, want := range map[string]string{
		"events": "", "events --format=csv --resume --quiet --output=" + filepath.Join(t.TempDir(), "f"): "", "documents --entity=Order --format=csv --fields=note": "id,note\r\n",
	} {
		var stdout strings.Builder
		code, stderr := exported(t, &stdout, append(strings.Fields(args), "--data", data)...)
		if code != 0 || stdout.String() != want || strings.Contains(args, "--quiet") != (stderr == "") || stderr != "" && !strings.Contains(stderr, "0 ") {
			t.Errorf("%s: %d\n%s\n%q", args, code, stderr, stdout.String())
		}
	}
	var help strings.Builder
	if code, _ := exported(t, &help, "--help"); code != 0 || !strings.Contains(help.String(), "--resume") || !strings.Contains(help.String(), "MONGODB_URI") {
		t.Errorf("%d\n%s", code, help.String())
	}
}

// A file that another export writes to is left alone, and one that was made in vain is removed.
func TestFilesOfExports(t *testing.T) {
	data, dir := emptyBackend(t), t.TempDir()
	busy := filepath.Join(dir, "busy")
	f, err := os.Create(busy)
	if err != nil || !lockFile(f) {
		t.Fatal(err)
	}
	defer f.Close()
	if code, stderr := exported(t, io.Discard, "events", "--data", data, "--resume", "--output", busy); code != 2 || !strings.Contains(stderr, "another export writes to it") {
		t.Errorf("%d: %s", code, stderr)
	}
	vain := filepath.Join(dir, "vain")
	if code, _ := exported(t, io.Discard, "events", "--data", data, "--from=AQABAQ", "--output", vain); code != 2 {
		t.Error(code)
	}
	if _, err := os.Stat(vain); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is there: %v", err)
	}
}

// failing is an output that fails.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestOutputsThatFail(t *testing.T) {
	data := emptyBackend(t)
	for _, c := range []struct {
		err  error
		want string
	}{{syscall.EPIPE, ""}, {io.ErrClosedPipe, ""}, {syscall.ENOSPC, "daybook: export: no space left on device; it had written 0 events: nothing was written that it could go on behind\n"}} {
		if code, stderr := exported(t, failing{c.err}, "events", "--format=csv", "--data", data); code != 1 || stderr != c.want {
			t.Errorf("%v: %d, %q", c.err, code, stderr)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var o exportOptions
	var stderr strings.Builder
	o.kind, o.file = exportEvents, "f"
	if code := o.report(ctx, invocation{stderr: &stderr}, 1234, "--from=x", false, ctx.Err()); code != 1 || stderr.String() != "daybook: export: interrupted behind 1,234 events: go on with the same command and --resume, or into another file with --from=x\n" {
		t.Errorf("%d: %s", code, stderr.String())
	}
}

func TestWordsForAShell(t *testing.T) {
	for text, want := range map[string]string{"o1/stock": "o1/stock", "": "", "a b": "'a b'", "it's": `'it'\''s'`, "$x": "'$x'"} {
		if got := quoted(text); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}

func TestProgress(t *testing.T) {
	var out strings.Builder
	now := time.Unix(0, 0)
	p := newProgress(&out, "events")
	p.now, p.begun, p.last = func() time.Time { return now }, now, now
	for _, at := range []time.Duration{time.Second, 5 * time.Second, 6 * time.Second, 10 * time.Second} {
		now = time.Unix(0, 0).Add(at)
		p.show(int64(at/time.Second)*1000, 20_000)
	}
	now = time.Unix(15, 0)
	p.show(15_000, 0)
	p.end()
	if want := " 25% 5,000 of 20,000 events, 1,000/s, 15s left\n 50% 10,000 of 20,000 events, 1,000/s, 10s left\n15,000 events, 1,000/s\n"; out.String() != want {
		t.Errorf("%q", out.String())
	}
	out.Reset()
	p.bar = true
	now = now.Add(5 * time.Second)
	p.show(20_000, 20_000)
	p.show(20_000, 20_000) // too soon
	p.end()
	if want := "\r100% [==============================] 20,000 of 20,000 events, 1,000/s\x1b[K\r\x1b[K"; out.String() != want {
		t.Errorf("%q", out.String())
	}
	if isTerminal(&out) {
		t.Error("a text is no terminal")
	}
}
