package schema_test

import (
	"strings"
	"testing"
)

func TestFingerprint(t *testing.T) {
	const sdl = `type A @entity { id: ID! s: S! @state "d" n: Int v: V owner: A @ref ownerN: Int @copy(of: "owner.n") }
type V { x: Int }
enum S { ONE TWO }
extend type Mutation { createA(n: Int): A! @transition(to: ONE) moveA(id: ID!): A! @transition(from: [ONE], to: TWO, emits: "M") }
`
	want := load(t, sdl).Fingerprint()
	if got := load(t, "# a comment\n"+strings.ReplaceAll(sdl, " ", "  ")).Fingerprint(); got != want || len(want) != 32 {
		t.Error("white space and comments are part of it", got, want)
	}
	for _, change := range [][2]string{
		{`"d"`, `"e"`}, {"n: Int v", "n: Int @indexed v"}, {"n: Int v", "n: Int @unique v"}, {"x: Int", "x: Int!"}, {"x: Int", "x: [Int]"}, {"TWO }", "TWO THREE }"},
		{"@entity", `@entity @indexed(fields: ["createdAt"])`}, {"@entity", `@entity @indexed(fields: ["createdAt"], asOf: true)`}, {"@ref", `@ref(inverse: "owned")`}, {"@entity", `@entity(plural: "all")`}, {"createA(n: Int)", "createA"}, {"to: TWO, emits: \"M\"", "to: TWO, emits: \"N\""},
		{"from: [ONE]", "from: [ONE, TWO]"}, {"moveA", "goA"}, {"createA(n", "createA(m"}, {`"d" n: Int v: V`, `v: V "d" n: Int`},
	} {
		changed := strings.Replace(sdl, change[0], change[1], 1)
		if changed == sdl {
			t.Fatal(change)
		}
		if strings.Contains(changed, "THREE") {
			changed += `extend type Mutation { thirdA(id: ID!): A! @transition(from: [ONE], to: THREE, emits: "T") }`
		}
		if load(t, changed).Fingerprint() == want {
			t.Errorf("%q instead of %q is not noticed", change[1], change[0])
		}
	}
}
