package command

import (
	"fmt"
	"strings"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"

	"github.com/google/uuid"
)

// idSpace makes ids of entities, and of commands, from command ids, so that a retried create meets its first try.
var idSpace = uuid.MustParse("6e0d6b3a-9f0c-5d38-8b58-5d4f1f4f5c11")

// newCommandID returns the id of a command whose client gave none (UUIDv7).
func newCommandID() string { return string(scalar.NewUUID()) }

// derivedID returns the id that parts name: the same for the same parts (UUIDv5).
func derivedID(parts ...string) string {
	return uuid.NewSHA1(idSpace, []byte(strings.Join(parts, "\x00"))).String()
}

// What the ids of commands begin with that reactions and timers make. Anybody can tell them beforehand, so no client may use them: its command would be taken for theirs.
const (
	reactionIDs = "reaction:"
	timerIDs    = "timer:"
)

// ReservedID reports whether a command id is one of those that reactions and timers make.
func ReservedID(id string) bool {
	return strings.HasPrefix(id, reactionIDs) || strings.HasPrefix(id, timerIDs)
}

// newID returns the id of an entity whose create did not give one: from the command id if the client gave that (UUIDv5), else a UUIDv7. It begins with
// the id of what the entity belongs to.
func newID(spec *schema.Command, input schema.Record, seed string) string {
	id := string(scalar.NewUUID())
	if seed != "" {
		id = derivedID(spec.Entity.Name, seed)
	}
	if f := spec.Entity.With; f != nil {
		owner, _ := input[f.Name].(string)
		return owner + schema.OwnerSeparator + id
	}
	return id
}

// checkOwner refuses the id of a new entity that does not begin with the id of what it belongs to.
func checkOwner(m *schema.Model, spec *schema.Command, id string, input schema.Record) error {
	f := spec.Entity.With
	if spec.Kind != schema.Create {
		return nil
	}
	if f == nil {
		return checkRoot(m, spec.Entity, id)
	}
	owner, _ := input[f.Name].(string)
	prefix := owner + schema.OwnerSeparator
	if len(id) <= len(prefix) || !strings.HasPrefix(id, prefix) {
		return invalid("id", fmt.Sprintf("the id of a %s begins with the id of its %s: %s…", spec.Entity.Name, f.Name, prefix))
	}
	if target := m.Entity(f.Ref.Entity); target.With == nil && strings.Contains(owner, schema.OwnerSeparator) {
		return invalid(f.Name, fmt.Sprintf("the id of a %s that something belongs to has no %s in it", target.Name, schema.OwnerSeparator))
	}
	return nil
}

// checkRoot refuses the id of a new entity with a slash in it if others may belong to it: theirs begin with it, and with a slash behind.
func checkRoot(m *schema.Model, e *schema.Entity, id string) error {
	if !strings.Contains(id, schema.OwnerSeparator) {
		return nil
	}
	for _, other := range m.Entities {
		if other.With != nil && other.With.Ref.Entity == e.Name {
			return invalid("id", fmt.Sprintf("the id of what a %s belongs to, such as this %s, has no %s in it", other.Name, e.Name, schema.OwnerSeparator))
		}
	}
	return nil
}

// named says which entity a command within a command is for. n is how many commands within the client's began before it: no two have the same.
func (s *step) named(id, commandID string, n int) error {
	if id == "" && s.spec.Kind == schema.Create {
		id = newID(s.spec, s.input, fmt.Sprintf("%s/%d", commandID, n))
	}
	if err := checkID(id); err != nil {
		return err
	}
	s.ref = eventlog.Ref{Entity: s.spec.Entity.Name, ID: id}
	return checkOwner(s.c.model, s.spec, id, s.input)
}

// checkPlacement refuses a log in which entities don't lie where what they belong to does.
func checkPlacement(m *schema.Model, log eventlog.Log) error {
	for _, e := range m.Entities {
		root, owned := m.Root(e)
		for i := 0; owned && i < 20; i++ { // one could lie there by chance
			owner := fmt.Sprint("x", i)
			at, home := log.PartitionOf(Ref{Entity: e.Name, ID: owner + schema.OwnerSeparator + "y"}), log.PartitionOf(Ref{Entity: root.Name, ID: owner})
			if at != home {
				return fmt.Errorf("the log was opened without the model's placement: every %s has to lie with its %s", e.Name, root.Name)
			}
		}
	}
	return nil
}
