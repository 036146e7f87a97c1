package eventlog

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// OwnerSeparator stands between the id of what an entity belongs to and the rest of the entity's id.
const OwnerSeparator = "/"

// ErrPlacement is returned on opening a log in which an entity type lies elsewhere than the model says.
var ErrPlacement = errors.New("the log has entities in other partitions than the model says")

// Placement says by whose id entities are placed in partitions: by type the type itself, or that of what its entities belong to in the end, whose id then is the
// part of their ids before the first OwnerSeparator. A log keeps the placement of every type that it ever was
// opened with, and refuses another: entities would be looked for where they are not. Types that neither it nor the log has go by their own ids.
type Placement map[string]string

// PartitionOf returns the partition of an entity in a log of n partitions.
func (p Placement) PartitionOf(ref Ref, n int) int {
	if root := p[ref.Entity]; root != "" && root != ref.Entity {
		if owner, _, owned := strings.Cut(ref.ID, OwnerSeparator); owned {
			ref = Ref{root, owner}
		}
	}
	return PartitionOf(ref, n)
}

// Types returns the types in a fixed order.
func (p Placement) Types() []string { return slices.Sorted(maps.Keys(p)) }

// With returns the placement together with what a log has kept, or ErrPlacement (wrapped) if they differ.
func (p Placement) With(kept Placement) (Placement, error) {
	out := maps.Clone(kept)
	if out == nil {
		out = Placement{}
	}
	for _, entity := range p.Types() {
		if old, there := kept[entity]; there && old != p[entity] {
			return nil, p.differs(entity, old)
		}
		out[entity] = p[entity]
	}
	return out, nil
}

func (p Placement) differs(entity, kept string) error {
	say := func(root string) string {
		if root == entity {
			return "by its own id"
		}
		return "with the " + root + " that it belongs to"
	}
	return fmt.Errorf("%w: every %s lies %s there, and the model places it %s: change @entity(with:) back, or begin another log",
		ErrPlacement, entity, say(kept), say(p[entity]))
}
