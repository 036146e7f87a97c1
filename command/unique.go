package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"golang.org/x/text/cases"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// uniques finds the unique values that the difference takes and gives up. changed are the fields that differ, as they are to be; null for all if the
// entity is deleted.
func (d *difference) uniques(head eventlog.Head, changed map[string]json.RawMessage) {
	for _, u := range d.entity.Uniques {
		touched := false
		for _, f := range u.Fields {
			_, is := changed[f.Name]
			touched = touched || is
		}
		if !touched {
			continue
		}
		was, had := uniqueOf(d.entity, u, head)
		is, has := uniqueValue(u, func(f *schema.Field) json.RawMessage {
			if raw, ok := changed[f.Name]; ok {
				return raw
			}
			return held(d.entity, head, f)
		})
		if had == has && was == is {
			continue
		}
		if had {
			d.frees = append(d.frees, claimKey{u.Name, was})
		}
		if has {
			d.claims = append(d.claims, claimKey{u.Name, is})
		}
	}
}

// uniqueOf returns the unique value that an entity has by its head; false if it has none.
func uniqueOf(e *schema.Entity, u *schema.Unique, head eventlog.Head) (string, bool) {
	return uniqueValue(u, func(f *schema.Field) json.RawMessage { return held(e, head, f) })
}

// uniqueValue returns the canonical text of a unique value; false if one of its fields is null.
func uniqueValue(u *schema.Unique, of func(f *schema.Field) json.RawMessage) (string, bool) {
	texts := make([]string, len(u.Fields))
	for i, f := range u.Fields {
		raw := of(f)
		if bytes.Equal(raw, null) {
			return "", false
		}
		texts[i] = claimText(raw)
	}
	if u.IgnoreCase {
		texts[0] = cases.Fold().String(texts[0]) // full case folding (Unicode, section 5.18)
	}
	if len(texts) == 1 {
		return texts[0], true
	}
	out, _ := json.Marshal(texts) // texts always are JSON
	return string(out), true
}

// claimText is the canonical text of a unique value: a string's own, else its JSON. The zero of Float has two.
func claimText(raw json.RawMessage) string {
	if string(raw) == "-0" {
		return "0"
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// notUnique is the rejection of a value that another entity has.
func notUnique(e *schema.Entity, claim, value string) *Rejection {
	r := &Rejection{Code: NotUnique, Message: fmt.Sprintf("another %s has the %s %q", e.Name, claim, value)}
	if names := fieldsOf(e, claim); len(names) > 0 {
		r.Field, r.Message = names[0], fmt.Sprintf("another %s has the %s %q", e.Name, strings.Join(names, ", "), value)
		if len(names) > 1 {
			r.Message = fmt.Sprintf("another %s has the %s %s", e.Name, strings.Join(names, ", "), value)
		}
	}
	return r
}

// tooLong is the rejection of a value that no claim can have.
func tooLong(e *schema.Entity, k claimKey) *Rejection {
	names := fieldsOf(e, k.field)
	return invalid(names[0], fmt.Sprintf("a unique value has at most %d bytes: the %s of the %s would have %d", eventlog.MaxClaimValue, strings.Join(names, ", "), e.Name, len(k.value)))
}

// fieldsOf returns the names of the fields whose values a claim is of, none if the model does not have it.
func fieldsOf(e *schema.Entity, claim string) (names []string) {
	for _, u := range e.Uniques {
		for _, f := range u.Fields {
			if u.Name == claim {
				names = append(names, f.Name)
			}
		}
	}
	return names
}
