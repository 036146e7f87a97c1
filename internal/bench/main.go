// Bench runs the benchmarks beside the code and prints how near each comes to what bounds it, measured in the same run: 1.00 is as fast as the bare
// engine. It needs redis-server on the PATH. See docs/benchmarks.md.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strconv"
	"text/tabwriter"
)

// row compares two benchmarks of one package, by name without the number of processors.
type row struct {
	what, ours, limit string
	goal              float64 // 0 for none
}

var suites = []struct {
	pkg, pattern string
	rows         []row
}{
	{"./eventlog/redis", "BenchmarkAppend", []row{
		{"append, 1 caller: the same script by bare go-redis", "BenchmarkAppend/log/callers=1", "BenchmarkAppend/script/callers=1", 0.8},
		{"append, 64 callers: the same script by bare go-redis", "BenchmarkAppend/log/callers=64", "BenchmarkAppend/script/callers=64", 0.8},
		{"append, 1 caller: bare XADD", "BenchmarkAppend/log/callers=1", "BenchmarkAppend/xadd/callers=1", 0},
		{"append, 64 callers: bare XADD", "BenchmarkAppend/log/callers=64", "BenchmarkAppend/xadd/callers=64", 0},
	}},
	{"./documents/mongo", "BenchmarkStore/Load1$|BenchmarkDriver", []row{
		{"one document by id: bare driver", "BenchmarkStore/Load1", "BenchmarkDriver", 0.8},
	}},
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
	fmt.Fprintln(table, "compared with\tours ns/op\tlimit ns/op\tratio\tgoal")
	for _, s := range suites {
		cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", s.pattern, "-benchtime", "2s", s.pkg)
		text, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", s.pkg, err, text)
		}
		took := parse(text)
		for _, r := range s.rows {
			ours, limit := took[r.ours], took[r.limit]
			if ours == 0 || limit == 0 {
				return fmt.Errorf("%s did not measure %s and %s:\n%s", s.pkg, r.ours, r.limit, text)
			}
			goal := ""
			if r.goal > 0 {
				goal = fmt.Sprintf("%.2f", r.goal)
			}
			fmt.Fprintf(table, "%s\t%.0f\t%.0f\t%.2f\t%s\n", r.what, ours, limit, limit/ours, goal)
		}
	}
	return table.Flush()
}

var line = regexp.MustCompile(`(?m)^(Benchmark\S+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op`)

// parse reads the output of go test -bench: nanoseconds by name.
func parse(text []byte) map[string]float64 {
	out := map[string]float64{}
	for _, m := range line.FindAllSubmatch(bytes.ReplaceAll(text, []byte("\r"), nil), -1) {
		if ns, err := strconv.ParseFloat(string(m[2]), 64); err == nil {
			out[string(m[1])] = ns
		}
	}
	return out
}
