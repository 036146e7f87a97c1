package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/daybook-cqrs/daybook/internal/teststore"
)

func TestMain(m *testing.M) { teststore.Main(m) }

// olist runs the example against a store and returns its exit code, how many mutations it sent and how many were duplicates, and what else it said.
func olist(t *testing.T, dir, url string, more ...string) (code, sent, duplicates int, said string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), append([]string{"--data", dir, "--url", url}, more...), &stdout, &stderr)
	loaded, rest, _ := strings.Cut(stdout.String(), "\n")
	m := regexp.MustCompile(`: (\d+) mutations, (\d+) of them duplicates`).FindStringSubmatch(loaded)
	if m == nil {
		t.Fatalf("exit code %d: %s\n%s", code, stdout.String(), stderr.String())
	}
	if code != 0 {
		t.Logf("exit code %d: %s", code, stderr.String())
	}
	fmt.Sscan(m[1], &sent)       //nolint:errcheck // the expression has digits
	fmt.Sscan(m[2], &duplicates) //nolint:errcheck // the expression has digits
	return code, sent, duplicates, rest
}

// wantAll fails unless everything is there, as testdata/want.txt says.
func wantAll(t *testing.T, code int, said string) {
	t.Helper()
	want, err := os.ReadFile("testdata/want.txt")
	if err != nil {
		t.Fatal(err)
	}
	if code != 0 || said != string(want) {
		t.Fatalf("exit code %d:\n%s", code, said)
	}
}

func mutate(t *testing.T, url, mutation string) {
	t.Helper()
	body, _ := json.Marshal(map[string]string{"query": "mutation { m: " + mutation + " { errors { code } } }"})
	resp, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); err != nil || !strings.HasPrefix(string(text), `{"data":{"m":{"errors":[]}},`) {
		t.Fatalf("%s: %v", text, err)
	}
}

func TestLoadedAndLoadedAgain(t *testing.T) {
	teststore.Pairs(t, func(t *testing.T, args []string) {
		url := teststore.Spawn(t, append(args, "--allow-import")...).GraphQL()
		code, sent, duplicates, said := olist(t, "testdata", url)
		wantAll(t, code, said)
		if duplicates != 0 {
			t.Errorf("%d of %d are duplicates", duplicates, sent)
		}
		code, again, duplicates, said := olist(t, "testdata", url)
		wantAll(t, code, said)
		if again != sent || duplicates != sent {
			t.Errorf("%d of %d are duplicates, the first time it was %d", duplicates, again, sent)
		}
		mutate(t, url, `cancelOrder(id: "o54", reason: "behind its back")`)
		code, _, _, said = olist(t, "testdata", url)
		for _, line := range []string{"mismatch: the status of order o54 is CANCELED, not APPROVED\n", "mismatch: the events of order o54 is 3, not 2\n",
			"mismatch: row 1 of orders by status is APPROVED 4, not APPROVED 5\n", "revenue by month and state of the customer: 17 rows, NOT as in the files\n",
			"orders of at least 500, the largest first: 6 rows, as in the files\n"} {
			if code != 1 || !strings.Contains(said, line) {
				t.Errorf("%q is not said, exit code %d:\n%s", line, code, said)
			}
		}
		if past := regexp.MustCompile(`(?m)^  as of .*, as in the files$`).FindAllString(said, -1); len(past) != 12 {
			t.Errorf("the past is another:\n%s", said)
		}
	})
}

// TestKilledInTheMiddle kills the server between a mutation and its answer, twice, and starts it again. The example notices nothing of it.
func TestKilledInTheMiddle(t *testing.T) {
	teststore.Pairs(t, func(t *testing.T, args []string) {
		p := teststore.Spawn(t, append(args, "--allow-import")...)
		target, err := url.Parse("http://" + p.Addr)
		if err != nil {
			t.Fatal(err)
		}
		var requests atomic.Int64
		var killing sync.Mutex
		forward := httputil.NewSingleHostReverseProxy(target)
		forward.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
		between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n := requests.Add(1)
			if n != 90 && n != 180 {
				forward.ServeHTTP(w, r)
				return
			}
			forward.ServeHTTP(httptest.NewRecorder(), r) // done, and never answered
			killing.Lock()
			defer killing.Unlock()
			p.Restart()
			w.WriteHeader(http.StatusBadGateway)
		}))
		defer between.Close()
		code, sent, duplicates, said := olist(t, "testdata", between.URL+"/graphql", "--workers", "8")
		wantAll(t, code, said)
		if duplicates == 0 || int(requests.Load()) <= sent {
			t.Errorf("%d requests for %d mutations, %d duplicates: nothing was killed in the middle", requests.Load(), sent, duplicates)
		}
	})
}

// TestThreeProcesses: with a process for each role it is as with one.
func TestThreeProcesses(t *testing.T) {
	args := teststore.Servers(t)
	commands := teststore.Spawn(t, append(args, "--roles", "command", "--allow-import")...)
	teststore.Spawn(t, append(args, "--roles", "consolidator")...)
	queries := teststore.Spawn(t, append(args, "--roles", "query")...)
	code, _, _, said := olist(t, "testdata", "http://"+commands.Addr+"/command", "--query-url", "http://"+queries.Addr+"/query")
	wantAll(t, code, said)
}

// TestTheRestIsLoaded adds what can't be used, and what the store refuses.
func TestTheRestIsLoaded(t *testing.T) {
	dir := t.TempDir()
	files, err := filepath.Glob("testdata/*.csv")
	if err != nil || len(files) != 5 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		switch name := filepath.Base(file); name {
		case "olist_customers_dataset.csv":
			text = append(text, "nobody,,1,here,AA\nsomebody,later,1,here,AA\n"...)
		case "olist_orders_dataset.csv":
			text = append(text, "odd,c0,lost,2021-01-01 10:00:00,,,,\r\nfuture,somebody,created,2999-01-01 10:00:00,,,,\r\n"...)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := teststore.Spawn(t, "--data", t.TempDir(), "--allow-import")
	code, _, _, said := olist(t, dir, p.GraphQL())
	for _, line := range []string{
		`can't be used: customer "nobody": it lacks an id`, `can't be used: order "odd": its status "lost" is unknown`, "2 can't be used",
		"refused: createOrder future: INVALID_INPUT", "2 refused", "mismatch: order future is absent, not there", "mismatch: the number of orders CREATED is 4, not 5",
		"56 orders of 57",
	} {
		if !strings.Contains(said, line) {
			t.Errorf("%q is not said", line)
		}
	}
	if code != 1 || strings.Contains(said, "everything matches") {
		t.Errorf("exit code %d:\n%s", code, said)
	}
	code, _, _, said = olist(t, "testdata", p.GraphQL())
	wantAll(t, code, said)
}

// TestWithoutAllowImport ends soon: it is not the rows that are refused.
func TestWithoutAllowImport(t *testing.T) {
	var stdout, stderr bytes.Buffer
	p := teststore.Spawn(t, "--data", t.TempDir())
	if code := run(t.Context(), []string{"--data", "testdata", "--url", p.GraphQL()}, &stdout, &stderr); code != 1 || !strings.Contains(stderr.String(), "--allow-import") {
		t.Errorf("%d\n%s\n%s", code, stdout.String(), stderr.String())
	}
}
