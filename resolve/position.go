package resolve

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/graphql"

	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/query"
)

// AtLeastName is what clients call a position that everything a request reads has to include: a header of HTTP, and a parameter of a WebSocket's connection.
// AtLeastExtension and PositionExtension are its name, and that of the position of an answer, among the extensions of one operation.
const (
	AtLeastName       = "Daybook-At-Least"
	AtLeastExtension  = "atLeast"
	PositionExtension = "position"
)

// Limits of what one request may name.
const (
	maxPositions     = 100
	maxPositionBytes = 64 << 10
)

// ParseAtLeast reads one or several positions with commas between them, and returns the one that includes them all, as text. The error is for clients.
func ParseAtLeast(text string) (string, error) {
	p, err := parsePositions(text)
	return p.String(), err
}

func parsePositions(text string) (position.Position, error) {
	var all position.Position
	if text == "" {
		return all, nil
	}
	parts := strings.Split(text, ",")
	if len(parts) > maxPositions || len(text) > maxPositionBytes {
		return all, fmt.Errorf("more than %d positions, or %d bytes: join them, as answers do whose requests named several", maxPositions, maxPositionBytes)
	}
	for _, part := range parts {
		p, err := position.Parse(strings.TrimSpace(part))
		if err != nil {
			return position.Position{}, err
		}
		all = all.Join(p)
	}
	return all, nil
}

// reading is what one operation has to read, and has read. It is safe for concurrent use; nil knows nothing.
type reading struct {
	atLeast position.Position // what all that is read has to include

	mu    sync.Mutex
	read  *position.Position // what all that was read includes; nil if nothing was
	wrote position.Position  // what commands did
}

const readingExtension = "daybook.reading"

// beginReading notes what the request and the operation's own extensions say of positions.
func beginReading(ctx context.Context, op *graphql.OperationContext) error {
	p, err := parsePositions(RequestFrom(ctx).AtLeast)
	if err != nil {
		return badInput(AtLeastName + ": " + err.Error())
	}
	if v := op.Extensions[AtLeastExtension]; v != nil {
		text, ok := v.(string)
		if !ok {
			return badInput("extensions." + AtLeastExtension + ": " + errNoPosition.Error())
		}
		more, err := parsePositions(text)
		if err != nil {
			return badInput("extensions." + AtLeastExtension + ": " + err.Error())
		}
		p = p.Join(more)
	}
	op.Stats.SetExtension(readingExtension, &reading{atLeast: p})
	return nil
}

func readingOf(ctx context.Context) *reading {
	r, _ := graphql.GetOperationContext(ctx).Stats.GetExtension(readingExtension).(*reading)
	return r
}

// begins notes that a read begins, which includes that.
func (r *reading) begins(reached position.Position) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.read != nil {
		reached = r.read.Meet(reached)
	}
	r.read = &reached
}

// writes notes what a command did.
func (r *reading) writes(p position.Position) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wrote = r.wrote.Join(p)
}

// AnswerPosition returns, as text, the position of an operation's answer: all that it shows of documents includes it, and it includes what its commands did. To read at least that is
// to see no less than the answer. It is "" if the operation has read no documents and done nothing.
func AnswerPosition(ctx context.Context) string {
	r := readingOf(ctx)
	if r == nil {
		return ""
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var p position.Position
	if r.read != nil {
		p = *r.read
	}
	if p = p.Join(r.wrote); p.IsZero() {
		return ""
	}
	return p.Join(r.atLeast).String()
}

var errNoPosition = errors.New("a position is a text: send back one that a receipt or an answer gave you, unchanged")

// await waits until all is consolidated that a field, its request or after ask for. A read begins after that, with the context that it returns: views may be further behind. One of
// the past includes what it includes, wherever the documents are: it has no part in the answer's position.
func (rt *Runtime) await(ctx context.Context, f field, after position.Position) (context.Context, error) {
	if v := f.args["atLeast"]; v != nil {
		text, ok := v.(string)
		if !ok {
			return nil, badInput("atLeast: " + errNoPosition.Error())
		}
		p, err := position.Parse(text)
		if err != nil {
			return nil, badInput("atLeast: " + err.Error())
		}
		after = after.Join(p)
	}
	r := readingOf(ctx)
	if r != nil {
		after = after.Join(r.atLeast)
	}
	ctx = rt.Queries.Bounded(ctx) // the field waits that long, whatever it waits for
	if err := rt.Queries.Wait(ctx, after); err != nil {
		return nil, err
	}
	if f.args["asOf"] == nil {
		r.begins(rt.Queries.Reached())
	}
	return query.After(ctx, after), nil
}
