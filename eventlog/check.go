package eventlog

import (
	"encoding/json"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// Limits of what a log takes. Beyond them an Append or Load is ErrInvalid.
const (
	MaxText       = 200      // bytes of an id, a name, a state, a command id
	MaxCause      = 500      // bytes of a causation or correlation id, which may name an event
	MaxClaimValue = 10_000   // bytes of a claimed value
	MaxRefs       = 1_000    // conditions, events, claims, releases or refs, each
	MaxFields     = 2_000    // fields that one event sets or clears
	MaxBytes      = 16 << 20 // of JSON in one append
	MaxReadBytes  = 16 << 20 // of events in one Read, unless the first alone has more
	MaxTimerBytes = 1 << 20  // of a timer's data
	MaxTimers     = 1_000    // of one append, and of one answer
	MaxNoteID     = 500      // bytes of a note's id
	MaxNoteBytes  = 64 << 10 // of a note's data
	MaxNotes      = 1_000    // of one page
	MaxDepth      = 1_000    // reactions that cause one another
)

// Check returns an error that wraps ErrInvalid if no log can answer l.
func (l Load) Check() error {
	if err := checkRef("primary", l.Primary); err != nil {
		return err
	}
	if l.CommandID != "" {
		if err := checkText("command id", l.CommandID); err != nil {
			return err
		}
	}
	if len(l.Refs) > MaxRefs {
		return invalid("%d refs, more than %d", len(l.Refs), MaxRefs)
	}
	for _, r := range l.Refs {
		if err := checkRef("ref", r); err != nil {
			return err
		}
	}
	if len(l.Claims) > MaxRefs {
		return invalid("%d claims, more than %d", len(l.Claims), MaxRefs)
	}
	for _, c := range l.Claims {
		if err := checkClaim(c); err != nil {
			return err
		}
	}
	return nil
}

// Check returns an error that wraps ErrInvalid if no log can take a. Every engine calls it before it does anything else.
func (a Append) Check() error {
	for _, check := range []func() error{a.checkCommand, a.checkConditions, a.checkEvents, a.checkClaims, a.checkTimers, a.checkSize} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (a Append) checkCommand() error {
	if err := checkRef("primary", a.Primary); err != nil {
		return err
	}
	if err := checkText("command id", a.CommandID); err != nil {
		return err
	}
	if err := checkText("input hash", a.InputHash); err != nil {
		return err
	}
	if y := a.Decided.UTC().Year(); a.Decided.IsZero() || y < 1 || y > 9999 {
		return invalid("the time of the decision is missing or outside the years 1 to 9999")
	}
	for _, o := range []struct {
		what, text string
		limit      int
	}{{"actor", a.Actor, MaxText}, {"correlation id", a.CorrelationID, MaxCause}, {"causation id", a.CausationID, MaxCause}} {
		if o.text != "" {
			if err := checkLongText(o.what, o.text, o.limit); err != nil {
				return err
			}
		}
	}
	if a.Depth < 0 || a.Depth > MaxDepth {
		return invalid("depth %d, not 0 to %d", a.Depth, MaxDepth)
	}
	return checkJSON("input", a.Input)
}

func (a Append) checkConditions() error {
	if len(a.Conditions) > MaxRefs {
		return invalid("%d conditions, more than %d", len(a.Conditions), MaxRefs)
	}
	seen := make(map[Ref]bool, len(a.Conditions))
	for _, c := range a.Conditions {
		if err := checkRef("condition", c.Ref); err != nil {
			return err
		}
		if c.Version < 0 || c.Version >= 1<<53 {
			return invalid("condition on %s: version %d is out of range", c.Ref, c.Version)
		}
		for _, state := range c.In {
			if !c.Alive || !isName(state) || len(state) > MaxText {
				return invalid("condition on %s: %q is no state, or one of a condition on a version", c.Ref, state)
			}
		}
		if seen[c.Ref] {
			return invalid("two conditions on %s", c.Ref)
		}
		seen[c.Ref] = true
	}
	return nil
}

func (a Append) checkEvents() error {
	if len(a.Events) == 0 {
		if len(a.Timers)+len(a.Cancel) == 0 && a.Fire == nil {
			return invalid("no events, and no timers either")
		}
		return nil
	}
	if len(a.Events) > MaxRefs {
		return invalid("%d events, more than %d", len(a.Events), MaxRefs)
	}
	if a.Events[0].Ref != a.Primary {
		return invalid("the first event is of %s, not of the primary entity %s", a.Events[0].Ref, a.Primary)
	}
	conditions := make(map[Ref]bool, len(a.Conditions))
	for _, c := range a.Conditions {
		conditions[c.Ref] = !c.Alive
	}
	for i := range a.Events {
		e := &a.Events[i]
		if !conditions[e.Ref] {
			return invalid("the event of %s has no condition on its version: an entity with events in an append needs one", e.Ref)
		}
		if err := e.check(); err != nil {
			return err
		}
	}
	return nil
}

func (e *NewEvent) check() error {
	if err := checkText("event name", e.Name); err != nil {
		return err
	}
	for _, state := range []string{e.From, e.To} {
		if state != "" {
			if err := checkText("state", state); err != nil {
				return err
			}
		}
	}
	if err := checkJSON("changes of "+e.Ref.String(), e.Changes); err != nil {
		return err
	}
	if len(e.Set)+len(e.Clear) > MaxFields {
		return invalid("%s: %d fields, more than %d", e.Ref, len(e.Set)+len(e.Clear), MaxFields)
	}
	for name, value := range e.Set {
		if !isName(name) {
			return invalid("%s: %q is no field name", e.Ref, name)
		}
		if err := checkJSON(e.Ref.String()+"."+name, value); err != nil {
			return err
		}
		if len(value) == 0 || string(value) == "null" {
			return invalid("%s.%s: a field without a value goes into Clear", e.Ref, name)
		}
	}
	for _, name := range e.Clear {
		if _, both := e.Set[name]; both || !isName(name) {
			return invalid("%s: field %q can't be cleared: it is set too, or no field name", e.Ref, name)
		}
	}
	return nil
}

func (a Append) checkClaims() error {
	if len(a.Claim) > MaxRefs || len(a.Release) > MaxRefs {
		return invalid("%d claims and %d releases, more than %d", len(a.Claim), len(a.Release), MaxRefs)
	}
	type value struct{ field, value string }
	owners := make(map[value]Ref, len(a.Claim))
	for _, c := range a.Claim {
		if err := checkClaim(c); err != nil {
			return err
		}
		if o, twice := owners[value{c.Field, c.Value}]; twice && o != c.Owner {
			return invalid("%s %q is claimed for both %s and %s", c.Field, c.Value, o, c.Owner)
		}
		owners[value{c.Field, c.Value}] = c.Owner
	}
	for _, c := range a.Release {
		if err := checkClaim(c); err != nil {
			return err
		}
	}
	return nil
}

func (a Append) checkSize() error {
	n := len(a.Input) * len(a.Events)
	for i := range a.Events {
		n += len(a.Events[i].Changes)
		for _, v := range a.Events[i].Set {
			n += len(v)
		}
	}
	for i := range a.Timers {
		n += len(a.Timers[i].Data)
	}
	if n > MaxBytes {
		return invalid("%d bytes of JSON, more than %d", n, MaxBytes)
	}
	return nil
}

func checkClaim(c Claim) error {
	if err := checkText("claim's field", c.Field); err != nil {
		return err
	}
	if len(c.Value) > MaxClaimValue || !utf8.ValidString(c.Value) {
		return invalid("claim on %s: the value is longer than %d bytes or no UTF-8", c.Field, MaxClaimValue)
	}
	return checkRef("owner of a claim", c.Owner)
}

func checkRef(what string, r Ref) error {
	if len(r.Entity) > MaxText || !isName(r.Entity) {
		return invalid("%s: %q is no entity name", what, r.Entity)
	}
	return checkText(what+": id of "+r.Entity, r.ID)
}

func checkText(what, s string) error { return checkLongText(what, s, MaxText) }

func checkLongText(what, s string, limit int) error {
	if s == "" || len(s) > limit {
		return invalid("%s: %d bytes, not 1 to %d", what, len(s), limit)
	}
	if !utf8.ValidString(s) {
		return invalid("%s is no UTF-8", what)
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return invalid("%s %q has a control character", what, s)
		}
	}
	return nil
}

// checkJSON accepts nothing at all too: an event may have no input.
func checkJSON(what string, raw json.RawMessage) error {
	if len(raw) > 0 && (!utf8.Valid(raw) || !json.Valid(raw)) {
		return invalid("%s is no JSON", what)
	}
	return nil
}

// isName reports whether s is a GraphQL name.
func isName(s string) bool {
	for i, c := range []byte(s) {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, args...)...)
}
