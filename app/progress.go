package app

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/daybook-cqrs/daybook/scalar"
)

// How often progress is shown, on a terminal and elsewhere.
const (
	barEvery  = 100 * time.Millisecond
	lineEvery = 5 * time.Second
	barWidth  = 30
)

// progress shows how far something is: a bar on a terminal, else a line now and then. It is not for several goroutines.
type progress struct {
	out   io.Writer
	what  string // "events"
	bar   bool
	now   func() time.Time
	begun time.Time
	last  time.Time // when it was shown last
	shown bool      // a bar stands on the terminal
}

func newProgress(out io.Writer, what string) *progress {
	now := time.Now()
	return &progress{out: out, what: what, bar: isTerminal(out), now: time.Now, begun: now, last: now}
}

// isTerminal reports whether somebody looks at it.
func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// show shows that done of total are done, if it is time for it. A total of 0 is not known.
func (p *progress) show(done, total int64) {
	now := p.now()
	every := lineEvery
	if p.bar {
		every = barEvery
	}
	if now.Sub(p.last) < every {
		return
	}
	p.last = now
	text := p.text(done, total, now.Sub(p.begun))
	if !p.bar {
		fmt.Fprintln(p.out, text)
		return
	}
	fmt.Fprintf(p.out, "\r%s\x1b[K", text) // and clear what a longer one left
	p.shown = true
}

// end removes the bar.
func (p *progress) end() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.shown = false
	}
}

func (p *progress) text(done, total int64, took time.Duration) string {
	rate := float64(done) / max(took.Seconds(), 0.001)
	if total <= 0 {
		return fmt.Sprintf("%s %s, %s/s", scalar.Grouped(done), p.what, scalar.Grouped(int64(rate)))
	}
	part := min(float64(done)/float64(total), 1)
	left := ""
	if rate >= 1 && done < total {
		left = fmt.Sprintf(", %s left", time.Duration(float64(total-done)/rate*float64(time.Second)).Round(time.Second))
	}
	bar := ""
	if p.bar {
		full := int(part * barWidth)
		bar = " [" + strings.Repeat("=", full) + strings.Repeat(" ", barWidth-full) + "]"
	}
	return fmt.Sprintf("%3.0f%%%s %s of %s %s, %s/s%s", part*100, bar, scalar.Grouped(done), scalar.Grouped(total), p.what, scalar.Grouped(int64(rate)), left)
}
