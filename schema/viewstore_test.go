package schema_test

import (
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/schema"
)

const viewSDL = `type A @entity @crud { id: ID! n: Int m: Int name: String l: [V!] }
type V { x: Int }
"d" type PerName @view(of: "A", each: "l", plural: "names") { name: String @group n: Long! @sum(of: "l[].x") big: Int @max(of: "n") }
type Kept @view(of: "A", plural: "keptOnes") { last: String }
`

func TestViewsAreFound(t *testing.T) {
	m := load(t, viewSDL)
	v := m.View("PerName")
	if m.Readable("PerName") != v || m.Readable("A") != m.Entity("A") || m.Entity("PerName") != nil || m.Readable("B") != nil || m.View("A") != nil {
		t.Fatal(v)
	}
	tallies := v.View.Tallies
	if all := m.Documents(); len(all) != 4 || all[0].Name != "A" || all[1] != v || all[3] != tallies || m.View("Kept").View.Tallies != nil {
		t.Error(all)
	}
	if stored := v.Stored(); stored != "names."+v.View.Fingerprint || tallies.Stored() != stored+".tallies" || m.Entity("A").Stored() != "as" {
		t.Error(stored, tallies.Stored())
	}
	for _, name := range []string{schema.TallyGroup, schema.TallyField, schema.TallyValue, schema.TallyAlive, schema.TallyCount} {
		if tallies.Field(name) == nil {
			t.Error(name)
		}
	}
}

// TestViewFingerprint: a view is built anew if, and only if, its documents would be others.
func TestViewFingerprint(t *testing.T) {
	v := func(sdl string) string { return load(t, sdl).View("PerName").View.Fingerprint }
	want := v(viewSDL)
	if len(want) != 8 || strings.Trim(want, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		t.Error(want)
	}
	for _, change := range []struct {
		old, new string
		noticed  bool
	}{
		{`"d"`, `"e"`, false}, {"names", "others", false}, {"@max(of: \"n\")", "@max(of: \"n\") @indexed", false}, {"last: String", "last: Int", false},
		{`"l",`, `"l", release: 1,`, true}, {`@max(of: "n")`, `@min(of: "n")`, true}, {`@max(of: "n")`, `@max(of: "m")`, true}, {"name: String @group", "name: String! @group", true},
		{"n: Long! @sum", "o: Long! @sum", true}, {"n: Long! @sum", "n: Decimal! @sum", true}, {`@max(of: "n")`, `@max(of: "l[].x")`, true},
	} {
		changed := strings.Replace(viewSDL, change.old, change.new, 1)
		if changed == viewSDL {
			t.Fatal(change)
		}
		if noticed := v(changed) != want; noticed != change.noticed {
			t.Errorf("%q instead of %q: noticed is %v", change.new, change.old, noticed)
		}
		if load(t, changed).Fingerprint() == load(t, viewSDL).Fingerprint() && !strings.Contains(change.new, "Int") {
			t.Errorf("%q instead of %q: the model's fingerprint is the same", change.new, change.old)
		}
	}
}
