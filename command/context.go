package command

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// Rule says what the model can't: it gets a copy of the entity after the arguments named like fields were set (`id` included), and the
// input, and returns the entity as it is to be. A *Rejection as its error refuses the command; any other error is a failure.
// A rule may run several times for one command, and has no effects of its own.
type Rule func(c *Context, entity, input schema.Record) (schema.Record, error)

// Rules is a rule table: rules by command name. Commands without a rule are not in it.
type Rules map[string]Rule

// Limits of one command.
const (
	MaxNested = 8   // how deep rules run commands within commands
	MaxEvents = 500 // of one command and all that its rules run
)

// Context is what a rule may know besides entity and input. It belongs to one run of one command's rules and is not for concurrent use.
type Context struct {
	ctx        context.Context
	cfg        *Config
	cmd        *Command // the client's
	model      *schema.Model
	log        eventlog.Log
	now        scalar.DateTime
	heads      map[eventlog.Ref]eventlog.Head // as the decision has made them so far
	conditions map[eventlog.Ref]int64         // versions, as they were read, of everything that the decision read
	needed     map[eventlog.Ref]bool          // those of which more counts than that they are there, and in which state
	states     map[eventlog.Ref][]string      // in which they have to be
	effects    effects
	active     map[eventlog.Ref]bool // what rules are deciding on
}

func newContext(ctx context.Context, cfg *Config, cmd *Command, heads map[eventlog.Ref]eventlog.Head, now scalar.DateTime) *Context {
	return &Context{
		ctx: ctx, cfg: cfg, cmd: cmd, model: cfg.Model, log: cfg.Log, now: now, heads: heads,
		conditions: map[eventlog.Ref]int64{}, needed: map[eventlog.Ref]bool{}, states: map[eventlog.Ref][]string{}, active: map[eventlog.Ref]bool{},
	}
}

// Now returns the time of the event to be: the log's clock as it was read with the entity, or the time of history that is imported.
// If another event gets into the same partition first, the event itself may be later by that much.
func (c *Context) Now() scalar.DateTime { return c.now }

// Load returns another entity as the log has it now, or as this command has changed it: own fields and `id`, no copies. The command is decided anew if that entity
// changes before the events are appended. The error is a *Rejection with code REFERENCE_NOT_FOUND if there is none, else a failure; return it as it is.
func (c *Context) Load(entity, id string) (schema.Record, error) {
	e := c.model.Entity(entity)
	if e == nil {
		return nil, fmt.Errorf("load %s: the model has no such entity", entity)
	}
	ref := eventlog.Ref{Entity: entity, ID: id}
	if !validID(id) {
		return nil, missing(ref, "")
	}
	head, err := c.head(ref)
	if err != nil {
		return nil, err
	}
	c.needed[ref] = true
	if head.Version == 0 || head.Deleted {
		return nil, missing(ref, "")
	}
	return decodeHead(c.model, e, id, head)
}

// Find is Load, but that it returns nil and no error if there is no such entity. The command is decided anew if one comes to be.
func (c *Context) Find(entity, id string) (schema.Record, error) {
	r, err := c.Load(entity, id)
	var rejection *Rejection
	if errors.As(err, &rejection) && rejection.Code == ReferenceNotFound {
		return nil, nil
	}
	return r, err
}

// Run executes another command within this one, on another entity: its transition, references and rule are checked as ever, and its events join this command's in one
// append, all or nothing. It returns the other entity as it is then, which Load too returns from now on; nil if the command deleted it. The error is a *Rejection
// if it was rejected, else a failure; a rule that does not return it goes on as if the other command had not been. id may be "" for a create.
func (c *Context) Run(name, id string, input schema.Record) (schema.Record, error) {
	after, err := c.nested(name, id, input)
	if err != nil {
		return nil, within(name, err)
	}
	if after.Deleted {
		return nil, nil
	}
	return maps.Clone(after.Fields), nil
}

// within says of a rejection that it is another command's: what it says of arguments and states is not of the one that the client sent.
func within(name string, err error) error {
	var r *Rejection
	if !errors.As(err, &r) {
		return fmt.Errorf("%s: %w", name, err)
	}
	inner := *r
	inner.Field, inner.State, inner.Allowed = "", "", nil
	return &inner
}

func (c *Context) nested(name, id string, input schema.Record) (*Snapshot, error) {
	spec := c.model.Command(name)
	if spec == nil {
		return nil, errors.New("the model has no such command")
	}
	if len(c.active) > MaxNested {
		return nil, fmt.Errorf("rules run commands within commands more than %d deep: is there a circle?", MaxNested)
	}
	if len(c.effects.events) >= MaxEvents {
		return nil, invalid("", fmt.Sprintf("the command would change more than %d entities", MaxEvents))
	}
	if err := checkInput(c.model, spec, input); err != nil {
		return nil, err
	}
	s := &step{c: c, spec: spec, input: input, refs: argRefs(c.model, spec, input)}
	if err := s.named(id, c.cmd.CommandID, len(c.effects.events)+len(c.active)-1); err != nil {
		return nil, err
	}
	if c.active[s.ref] {
		return nil, fmt.Errorf("a rule that decides on %s can't run a command on it: change it", s.ref)
	}
	head, err := c.head(s.ref)
	if err != nil {
		return nil, err
	}
	c.needed[s.ref] = true
	if s.before, err = snapshot(c.model, s.ref, head); err != nil {
		return nil, err
	}
	if c.cmd.OccurredAt != nil && head.Version > 0 && c.now.Time().Before(head.At) {
		return nil, invalid("", fmt.Sprintf("%s is before the last event of %s, which was at %s", c.now, s.ref, scalar.NewDateTime(head.At)))
	}
	mark := c.mark()
	after, err := s.decide()
	if err != nil {
		c.back(mark)
	}
	return after, err
}

// checkInput refuses what only a rule's mistake can be: an input that a client could not send.
func checkInput(m *schema.Model, spec *schema.Command, input schema.Record) error {
	for _, a := range spec.Args {
		if a.Type.NonNull && input[a.Name] == nil {
			return fmt.Errorf("the argument %s is missing", a.Name)
		}
	}
	if _, err := encodeInput(m, spec, input); err != nil {
		return fmt.Errorf("the input is none: %v", err) //nolint:errorlint // a rejection would be the client's fault
	}
	return nil
}

// mark is what a decision is set back to if a command within it is rejected. What was read stays in the conditions.
type mark struct {
	heads   map[eventlog.Ref]eventlog.Head
	effects effects
}

func (c *Context) mark() mark { return mark{maps.Clone(c.heads), c.effects.clone()} }

func (c *Context) back(m mark) {
	for ref, head := range c.heads {
		if _, ok := m.heads[ref]; !ok && head.Version == c.conditions[ref] {
			m.heads[ref] = head // read meanwhile, and not changed
		}
	}
	c.heads, c.effects = m.heads, m.effects
}

func (c *Context) head(ref eventlog.Ref) (eventlog.Head, error) {
	head, ok := c.heads[ref]
	if !ok {
		loaded, err := c.log.Load(c.ctx, eventlog.Load{Primary: ref})
		if err != nil {
			return head, &OutcomeError{CommandID: c.cmd.CommandID, Err: err} // no fault of the rule
		}
		head = loaded.Heads[ref]
		c.heads[ref] = head
	}
	if _, read := c.conditions[ref]; !read {
		c.conditions[ref] = head.Version
	}
	return head, nil
}

func missing(ref eventlog.Ref, path string) *Rejection {
	return &Rejection{Code: ReferenceNotFound, Field: path, Message: fmt.Sprintf("there is no %s with id %q", ref.Entity, ref.ID)}
}

// KeepEmpty gives back to a record the empty texts that it had before typed entities, which can't tell them from null, dropped them. Generated code calls it.
func KeepEmpty(before, after schema.Record, fields ...string) schema.Record {
	for _, f := range fields {
		if after[f] == nil && before[f] == "" {
			after[f] = ""
		}
	}
	return after
}
