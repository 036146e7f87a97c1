package reactor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/position"
)

// What the log keeps for reactors. A reaction has a start: the place in each partition after which it reacts, written once, by whoever knows of it first. The
// reactions of one model together are a set, and a set has a cursor in each partition: all of them are done with the events up to there. A reaction is done up to the
// furthest cursor of any set that has it, so that processes with different models, as in a rolling deploy, take nothing from one another.
const (
	startNotes = "reactor-start/" // + the reaction's mark: a kind of its own, with one note
	setNotes   = "reactor-sets"   // one for each set: the marks of its reactions
	cursorName = "reactor/"       // + the set's id
	keepSets   = 100              // those that were started longest ago are forgotten: newer sets are further
)

// idleEvery is how often a reactor without reactions says that it would have come to the end.
const idleEvery = time.Hour

// places is what reactors know of starts and sets.
type places struct {
	starts [][]eventlog.Cursor // by reaction, by partition
	marks  []string            // of the reactions
	set    string              // id of the own set
	sets   map[string][]string // marks by id of the set
}

// at is where a reactor is in a partition.
type at struct {
	begin  eventlog.Cursor  // what comes after it is to be read
	done   []position.Place // by reaction: what comes after it is to be reacted to
	passed []position.Place // by reaction: sets without it were up to there
}

// Register writes down where reactions that the log does not know yet begin: at its present end, or at its beginning. Whoever appends
// events calls it before: a reaction reacts to every event that is appended after the first process that knew of it has started.
func Register(ctx context.Context, log eventlog.Log, all []*command.AnyReaction, fromBeginning bool) error {
	_, err := starts(ctx, log, all, fromBeginning)
	return err
}

func starts(ctx context.Context, log eventlog.Log, all []*command.AnyReaction, fromBeginning bool) ([][]eventlog.Cursor, error) {
	out := make([][]eventlog.Cursor, len(all))
	var ends []eventlog.Cursor
	for i, r := range all {
		var err error
		for out[i] == nil && err == nil {
			if out[i], err = startOf(ctx, log, r); out[i] != nil || err != nil {
				break
			}
			if ends == nil {
				if ends, err = present(ctx, log, fromBeginning); err != nil {
					break
				}
			}
			err = begin(ctx, log, r, ends)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// present returns the end of each partition, or its beginning.
func present(ctx context.Context, log eventlog.Log, fromBeginning bool) ([]eventlog.Cursor, error) {
	out := make([]eventlog.Cursor, log.Partitions())
	if fromBeginning {
		return out, nil
	}
	for n := range out {
		tail, err := log.Tail(ctx, n)
		if err != nil {
			return nil, err
		}
		out[n] = eventlog.Cursor{Place: tail.Place, Hash: tail.Hash}
	}
	return out, nil
}

// start is the note of a reaction's start. A partition's is [epoch, seq, hash].
type start struct {
	Reaction string   `json:"reaction"`
	After    [][3]any `json:"after"`
}

// startOf returns where a reaction begins, nil if that was not written yet.
func startOf(ctx context.Context, log eventlog.Log, r *command.AnyReaction) ([]eventlog.Cursor, error) {
	notes, err := log.Notes(ctx, eventlog.NotePage{Kind: startNotes + mark(r.Key()), Limit: 1})
	if err != nil || len(notes) == 0 {
		return nil, err
	}
	var got struct {
		After []json.RawMessage `json:"after"`
	}
	if err := json.Unmarshal(notes[0].Data, &got); err != nil {
		return nil, fmt.Errorf("where the reaction %s begins can't be read from the log: %w", r.Key(), err)
	}
	if len(got.After) != log.Partitions() {
		return nil, fmt.Errorf("where the reaction %s begins is in the log for %d partitions of %d", r.Key(), len(got.After), log.Partitions())
	}
	out := make([]eventlog.Cursor, len(got.After))
	for i, raw := range got.After {
		c := &out[i]
		if err := json.Unmarshal(raw, &[]any{&c.Place.Epoch, &c.Place.Seq, &c.Hash}); err != nil {
			return nil, fmt.Errorf("where the reaction %s begins can't be read from the log: %w", r.Key(), err)
		}
		c.Hash = unpacked(c.Hash)
	}
	return out, nil
}

// begin writes where a reaction begins, unless another process has: the note has an id of its own, and there is room for one.
func begin(ctx context.Context, log eventlog.Log, r *command.AnyReaction, ends []eventlog.Cursor) error {
	s := start{Reaction: r.Key()}
	for _, c := range ends {
		s.After = append(s.After, [3]any{c.Place.Epoch, c.Place.Seq, packed(c.Hash)})
	}
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	err = log.AddNote(ctx, startNotes+mark(r.Key()), eventlog.Note{ID: uuid.NewString(), Data: data}, 1, true)
	if errors.Is(err, eventlog.ErrManyNotes) {
		return nil
	}
	return err
}

// places asks the log once, and writes what is new.
func (r *Reactor) places(ctx context.Context) (*places, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known != nil {
		return r.known, nil
	}
	k := &places{sets: map[string][]string{}}
	var err error
	if k.starts, err = starts(ctx, r.cfg.Log, r.all, r.o.FromBeginning); err != nil {
		return nil, err
	}
	for _, one := range r.all {
		k.marks = append(k.marks, mark(one.Key()))
	}
	sorted := slices.Sorted(slices.Values(k.marks))
	data, err := json.Marshal(append([]string{}, sorted...))
	if err != nil {
		return nil, err
	}
	k.set = mark(string(data))
	if err := r.cfg.Log.AddNote(ctx, setNotes, eventlog.Note{ID: k.set, Data: data}, keepSets, false); err != nil {
		return nil, err
	}
	notes, err := r.cfg.Log.Notes(ctx, eventlog.NotePage{Kind: setNotes, Limit: keepSets})
	if err != nil {
		return nil, err
	}
	for _, n := range notes {
		var marks []string
		if err := json.Unmarshal(n.Data, &marks); err != nil {
			return nil, fmt.Errorf("the set of reactions %s can't be read from the log: %w", n.ID, err)
		}
		k.sets[n.ID] = marks
	}
	r.known = k
	return k, nil
}

// in returns where to go on in a partition.
func (k *places) in(ctx context.Context, log eventlog.Log, partition int) (*at, error) {
	a := &at{done: make([]position.Place, len(k.marks)), passed: make([]position.Place, len(k.marks))}
	places := make([]eventlog.Cursor, len(k.marks))
	for i := range places {
		places[i] = k.starts[i][partition]
	}
	for id, marks := range k.sets {
		c, err := log.Cursor(ctx, cursorName+id, partition)
		if err != nil {
			return nil, err
		}
		for i, m := range k.marks {
			switch has := slices.Contains(marks, m); {
			case has && places[i].Place.Before(c.Place):
				places[i] = c
			case !has && a.passed[i].Before(c.Place):
				a.passed[i] = c.Place
			}
		}
	}
	for i, c := range places {
		a.done[i] = c.Place
		if i == 0 || c.Place.Before(a.begin.Place) {
			a.begin = c
		}
	}
	return a, nil
}

// idle says now and then, for a model without reactions, how long the log was then. A reaction that comes back later does not react to what is older than the
// receipt window and passed without it.
func (r *Reactor) idle(ctx context.Context) {
	b := r.o.backoff()
	for {
		pause := idleEvery
		if err := r.passedBy(ctx); err != nil {
			pause = b.pause()
		} else {
			b.reset()
		}
		if !sleep(ctx, pause) {
			return
		}
	}
}

func (r *Reactor) passedBy(ctx context.Context) error {
	k, err := r.places(ctx)
	if err != nil {
		return err
	}
	ends, err := present(ctx, r.cfg.Log, false)
	if err != nil {
		return err
	}
	for n, c := range ends {
		if c.Place.Seq == 0 {
			continue
		}
		if err := r.cfg.Log.SetCursor(ctx, cursorName+k.set, n, c); err != nil {
			return err
		}
	}
	return nil
}

// mark is a short name of what has a long one.
func mark(key string) string {
	h := sha256.Sum256([]byte(key))
	return hex.EncodeToString(h[:8])
}
