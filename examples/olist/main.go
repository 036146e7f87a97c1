// Olist registers the customers and products of the Olist data set in a running store and drives every order through its real history, by
// mutations at their real times. Then it reads everything back, asks it questions, and compares all with the files. It can be interrupted and run again.
//
// The data is licensed for non-commercial use (CC BY-NC-SA 4.0) and not part of this project: name its folder with --data.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run returns the exit code: 1 for a mismatch, a failure or what could not be used, 2 for wrong usage.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("olist", flag.ContinueOnError)
	fs.SetOutput(stderr)
	dir := fs.String("data", "", "the `folder` that holds the CSV files (required)")
	url := fs.String("url", "http://127.0.0.1:8080/graphql", "the `URL` of the store, started with --allow-import")
	reads := fs.String("query-url", "", "the `URL` to read from, where that is another process; --url if not given")
	workers := fs.Int("workers", 32, "how many orders are driven at once")
	verifyOnly := fs.Bool("verify", false, "only compare")
	ask := fs.Bool("questions", false, "only print what the files answer to ten questions, and to twelve as of an instant: no store is needed")
	if err := fs.Parse(args); err != nil {
		return 2
	}
	if *dir == "" || fs.NArg() > 0 || *workers < 1 {
		fmt.Fprintln(stderr, "olist: name the folder of the Olist data set with --data DIR; the data is not part of this project, see docs/olist.md")
		return 2
	}
	if *reads == "" {
		*reads = *url
	}
	data, err := readData(*dir)
	if err != nil {
		fmt.Fprintln(stderr, "olist:", err)
		return 2
	}
	plan := makePlan(data)
	if *ask {
		printQuestions(stdout, questionsOf(sales(data, plan.leftOut)))
		printQuestions(stdout, pastQuestionsOf(plan))
		return 0
	}
	began := time.Now()
	l := &loader{client: newClient(*url, *workers), plan: plan, workers: *workers, progress: stderr}
	if !*verifyOnly {
		if err := l.load(ctx); err != nil {
			fmt.Fprintln(stderr, "\nolist:", err)
			return 1
		}
		fmt.Fprintf(stdout, "loaded %d customers, %d products, %d orders in %s: %d mutations, %d of them duplicates\n",
			len(plan.customers), len(plan.products), len(plan.orders), time.Since(began).Round(time.Millisecond), l.sent.Load(), l.duplicates.Load())
	}
	plan.report(stdout)
	mismatches, err := verify(ctx, newClient(*reads, *workers), plan, data, l.position, stdout)
	if err != nil {
		fmt.Fprintln(stderr, "olist:", err)
		return 1
	}
	list(stdout, "refused", l.refused)
	if mismatches > 0 {
		fmt.Fprintf(stdout, "%d mismatches\n", mismatches)
	}
	if mismatches+len(l.refused)+len(plan.broken) > 0 {
		return 1
	}
	fmt.Fprintln(stdout, "everything matches")
	return 0
}
