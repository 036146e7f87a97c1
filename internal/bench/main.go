// Bench runs the benchmarks beside the code and prints how near each comes to what bounds it, measured in the same run in alternate rounds: 1.00 is as
// fast as that. It needs redis-server on the PATH. See docs/benchmarks.md.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// row compares ours with another way of the same benchmark.
type row struct {
	what, benchmark string
	limit           string  // the way that bounds it, by its median; "driver-p95" by its 95th percentile
	goal            float64 // 0 for none
}

// suite is the benchmarks of one package. Rounds times a round's length is how long it takes.
type suite struct {
	pkg, pattern string
	rounds       int
	rows         []row
}

var suites = []suite{
	{"./eventlog/redis", "BenchmarkAppend|BenchmarkRead", 15, []row{
		{"append on Redis, 1 caller: the same script by bare go-redis", "BenchmarkAppend/callers=1", "script", 0.8},
		{"append on Redis, 64 callers: the same script by bare go-redis", "BenchmarkAppend/callers=64", "script", 0.8},
		{"append on Redis, 1 caller: bare XADD", "BenchmarkAppend/callers=1", "xadd", 0},
		{"append on Redis, 64 callers: bare XADD", "BenchmarkAppend/callers=64", "xadd", 0},
		{"reading 500 events from Redis: bare XRANGE", "BenchmarkRead", "xrange", 0},
	}},
	{"./eventlog/sqlite", "BenchmarkAppend", 15, []row{
		{"append on SQLite, 1 caller: the same rows by the bare driver", "BenchmarkAppend/callers=1", "rows", 0.8},
		{"append on SQLite, 64 callers: the same rows by the bare driver", "BenchmarkAppend/callers=64", "rows", 0.8},
		{"append on SQLite, 1 caller: bare INSERT", "BenchmarkAppend/callers=1", "insert", 0},
		{"append on SQLite, 64 callers: bare INSERT", "BenchmarkAppend/callers=64", "insert", 0},
	}},
	{"./documents/mongo", "BenchmarkLoad", 15, []row{
		{"a document by id on MongoDB: bare driver", "BenchmarkLoad", "driver", 0.8},
	}},
	{"./consolidator", "BenchmarkRebuild", 15, []row{
		{"rebuild on SQLite: raw bulk writes of the same documents and versions", "BenchmarkRebuild/sqlite", "raw", 0.6},
		{"rebuild on Redis and MongoDB: raw bulk writes of the same documents and versions", "BenchmarkRebuild/redis_and_mongo", "raw", 0.6},
	}},
	{".", "BenchmarkPages", 3, slices.Concat(
		pages("page 1 of 100,000 orders on SQLite", "BenchmarkPages/sqlite/first"),
		pages("page 1,000 of 100,000 orders on SQLite", "BenchmarkPages/sqlite/far"),
		pages("page 1 of orders on MongoDB", "BenchmarkPages/mongo/first"),
		pages("a page by cursor of orders on MongoDB", "BenchmarkPages/mongo/far"))},
	{".", "BenchmarkRead|BenchmarkMutation", 15, []row{
		{"order(id) on SQLite: a hand-written server", "BenchmarkRead/sqlite/order", "hand", 0.8},
		{"orders(first: 20) on SQLite: a hand-written server", "BenchmarkRead/sqlite/orders", "hand", 0.8},
		{"order(id) on MongoDB: a hand-written server", "BenchmarkRead/redis_and_mongo/order", "hand", 0.8},
		{"orders(first: 20) on MongoDB: a hand-written server", "BenchmarkRead/redis_and_mongo/orders", "hand", 0.8},
		{"noteOrder on SQLite, consolidating: a mutation of one INSERT", "BenchmarkMutation/sqlite/noteOrder", "hand", 0.6},
		{"createOrder on SQLite, consolidating: a mutation of one INSERT", "BenchmarkMutation/sqlite/createOrder", "hand", 0.6},
		{"noteOrder on Redis, role command: a mutation of one XADD", "BenchmarkMutation/redis/noteOrder", "hand", 0.6},
		{"createOrder on Redis, role command: a mutation of one XADD", "BenchmarkMutation/redis/createOrder", "hand", 0.6},
	}},
}

// pages are the rows about one page: by query.Engine it may take 1.5 times as long as the same query by the bare driver; GraphQL and HTTP add to that.
func pages(what, benchmark string) []row {
	return []row{
		{what + ": the same query by the bare driver", benchmark + "/engine", "driver", 0.67},
		{what + ", p95: the same query by the bare driver", benchmark + "/engine", "driver-p95", 0.67},
		{what + ", GraphQL by HTTP, p95: the same query by the bare driver", benchmark + "/http", "driver-p95", 0},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "compared with\tours per second\tratio\tgoal")
	for _, s := range suites {
		fmt.Fprintf(os.Stderr, "%s %s\n", s.pkg, s.pattern)
		cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", s.pattern, "-benchtime", fmt.Sprint(s.rounds, "x"), s.pkg)
		text, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", s.pkg, err, text)
		}
		measured := parse(text)
		for _, r := range s.rows {
			m := measured[r.benchmark]
			ours, limit := m["ours"+r.percentile()+"-ns"], m[r.limit+"-ns"]
			if ours == 0 || limit == 0 {
				return fmt.Errorf("%s did not measure %s against %s:\n%s", s.pkg, r.benchmark, r.limit, text)
			}
			goal := ""
			if r.goal > 0 {
				goal = fmt.Sprintf("%.2f", r.goal)
			}
			fmt.Fprintf(table, "%s\t%.0f\t%.2f\t%s\n", r.what, max(m["events"], 1)*1e9/ours, limit/ours, goal)
		}
	}
	return table.Flush()
}

// percentile is what the names of the row's figures have behind that of the way.
func (r *row) percentile() string {
	if strings.HasSuffix(r.limit, "-p95") {
		return "-p95"
	}
	return ""
}

var (
	line   = regexp.MustCompile(`(?m)^(Benchmark\S+?)(?:-\d+)?\s+\d+\s+(.*)$`)
	metric = regexp.MustCompile(`([\d.e+]+) (\S+)`)
)

// parse reads the output of go test -bench: metrics by benchmark and unit.
func parse(text []byte) map[string]map[string]float64 {
	out := map[string]map[string]float64{}
	for _, l := range line.FindAllSubmatch(text, -1) {
		m := map[string]float64{}
		for _, one := range metric.FindAllSubmatch(l[2], -1) {
			if v, err := strconv.ParseFloat(string(one[1]), 64); err == nil {
				m[string(one[2])] = v
			}
		}
		out[string(l[1])] = m
	}
	return out
}
