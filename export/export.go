// Package export writes the events of the log and the documents as NDJSON or CSV, for consumers outside GraphQL. What was exported once is continued: from a position, or where a
// file ends. Memory does not grow with what is exported.
package export

import (
	"errors"
	"fmt"
	"io"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// Format is how rows are written.
type Format string

// The formats.
const (
	NDJSON Format = "ndjson" // one JSON object a line
	CSV    Format = "csv"    // RFC 4180 with a header; null is an empty cell, the empty text is ""
)

// ParseFormat reads the name of a format.
func ParseFormat(name string) (Format, error) {
	switch f := Format(name); f {
	case NDJSON, CSV:
		return f, nil
	}
	return "", fmt.Errorf("there is no format %q: use ndjson or csv", name)
}

// Output is where rows go.
type Output struct {
	To       io.Writer
	Format   Format
	Resumed  bool                    // To has rows already, and in CSV the header
	Progress func(done, total int64) // told after every piece what was gone through, of how much; total is 0 if that is not known. May be nil
}

func (o *Output) progress(done, total int64) {
	if o.Progress != nil {
		o.Progress(done, total)
	}
}

// ErrUsage wraps what is wrong with what was asked for.
var ErrUsage = errors.New("it can't be exported")

// isBroken reports whether the log does not have a place that it was asked for.
func isBroken(err error) bool {
	var broken *eventlog.BrokenError
	return errors.As(err, &broken)
}
