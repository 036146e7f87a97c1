package schema_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

var update = flag.Bool("update", false, "write what is into testdata as what should be")

// TestGolden loads every folder of testdata: want.txt is what Load says of a wrong model, or the outline of a right one.
func TestGolden(t *testing.T) {
	cases, err := os.ReadDir("testdata")
	if err != nil || len(cases) == 0 {
		t.Fatal("no cases", err)
	}
	for _, c := range cases {
		dir := filepath.Join("testdata", c.Name())
		if !c.IsDir() {
			continue
		}
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var got string
			m, err := schema.Load(os.DirFS(dir))
			var mistakes schema.Errors
			switch {
			case errors.As(err, &mistakes):
				got = err.Error() + "\n"
			case err != nil:
				t.Fatal(err)
			default:
				got = outline(m)
			}
			file := filepath.Join(dir, "want.txt")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
			if wrong := strings.HasPrefix(filepath.Base(dir), "wrong-"); wrong != (mistakes != nil) {
				t.Errorf("a folder is called wrong-… if and only if its model is")
			}
		})
	}
}

// outline is what a model says, in short.
func outline(m *schema.Model) string {
	var b strings.Builder
	for _, e := range m.Entities {
		b.WriteString(e.Name + " " + e.Singular + " " + e.Plural + " file=" + e.File + " states=" + strings.Join(e.States, ",") + "\n")
		for _, f := range e.Fields {
			b.WriteString("  " + f.Name + ": " + f.Type.String() + marks(f) + "\n")
		}
		outlineMachine(&b, e)
		for _, i := range e.Inverses {
			b.WriteString("  <- " + i.Name + " " + i.Entity + "." + i.Field + "\n")
		}
		for _, c := range e.Commands {
			b.WriteString("  " + []string{"create", "transition", "delete"}[c.Kind] + " " + c.Name + "(")
			for i, a := range c.Args {
				if i > 0 {
					b.WriteString(", ")
				}
				b.WriteString(a.Name + ": " + a.Type.String())
				if a.Element != schema.NoElement {
					b.WriteString(" (" + string(a.Element) + " " + a.List.Name + ")")
				} else if a.Field == nil {
					b.WriteString(" (rule)")
				}
			}
			b.WriteString(") " + strings.Join(c.From, "|") + " -> " + c.To + " " + c.Event + "\n")
		}
	}
	for _, e := range m.Views {
		outlineView(&b, e)
	}
	for _, o := range append(append([]*schema.Object{}, m.Objects...), m.Inputs...) {
		b.WriteString(o.Name + "\n")
		for _, f := range o.Fields {
			b.WriteString("  " + f.Name + ": " + f.Type.String() + marks(f) + "\n")
		}
	}
	return b.String()
}

func outlineMachine(b *strings.Builder, e *schema.Entity) {
	if e.With != nil {
		b.WriteString("  with " + e.With.Name + "\n")
	}
	for _, u := range e.Uniques {
		fmt.Fprintf(b, "  unique %s %v\n", u.Name, u.IgnoreCase)
	}
	for _, i := range e.Indexes {
		fmt.Fprintf(b, "  index %+v %v\n", i.Fields, i.AsOf)
	}
	for _, t := range e.Timeouts {
		fmt.Fprintf(b, "  timeout %s %s\n", t.Name(), t.After)
	}
	for _, r := range e.Reactions {
		fmt.Fprintf(b, "  reaction %s %+v %v\n", r.Name, r.With, r.OrElse != nil)
	}
}

func outlineView(b *strings.Builder, e *schema.Entity) {
	v := e.View
	fmt.Fprintf(b, "view %s %s %s file=%s release=%d project=%v tallies=%v\n", e.Name, e.Singular, e.Plural, e.File, v.Release, v.Project, v.Tallies != nil)
	for _, s := range v.Sources {
		b.WriteString("  of " + s.Entity.Name + " in " + strings.Join(s.In, "|"))
		if s.Each != nil {
			b.WriteString(" each " + s.Each.Name)
		}
		b.WriteString("\n")
	}
	for _, f := range e.Fields {
		b.WriteString("  " + f.Name + ": " + f.Type.String() + marks(f))
		for _, vf := range append(slices.Clone(v.Groups), v.Values...) {
			if vf.Field == f {
				b.WriteString(" " + string(vf.Aggregate) + " " + string(vf.Bucket) + outlinePaths(vf))
			}
		}
		b.WriteString("\n")
	}
}

func outlinePaths(vf *schema.ViewField) string {
	s := ""
	for _, p := range vf.Paths {
		switch {
		case p == nil:
			s += " -"
			continue
		case p.Element:
			s += " []"
		default:
			s += " /"
		}
		for _, f := range p.Fields {
			s += "." + f.Name
		}
	}
	return s
}

func marks(f *schema.Field) string {
	s := ""
	if f.Ref != nil {
		s += " ref=" + f.Ref.Entity + "/" + f.Ref.Inverse + strings.Join(f.Ref.In, "|")
	}
	if f.Key {
		s += " key"
	}
	if f.Copy != nil {
		s += " copy=" + f.Copy.Via + "." + f.Copy.Field
	}
	if f.Indexed {
		s += " indexed"
	}
	if f.IndexedAsOf {
		s += " asOf"
	}
	if f.Unique {
		s += " unique"
	}
	if f.Computed {
		s += " computed"
	}
	return s
}

func store(t testing.TB) *schema.Model {
	m, err := schema.Load(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTheStoreLoads(t *testing.T) {
	m := store(t)
	if m.Command("createOrder") == nil || m.Command("updateProduct") == nil || m.Entity("Customer").Inverses[0].Name != "orders" {
		t.Fatal(outline(m))
	}
}

func TestRecordsSurviveTheLog(t *testing.T) {
	m := store(t)
	fields := m.Entity("Order").Fields
	r := schema.Record{
		"id": "o1", "status": "CREATED", "customer": "c1", "total": decimal("79.09"), "note": "a \"gift\" <é>\n",
		"lines":      []any{schema.Record{"line": "1-1", "product": "p1", "seller": "s1", "price": decimal("21.33"), "freight": decimal("15.1"), "quantity": 3}},
		"approvedAt": dateTime("2017-10-02T10:56:33.000000001Z"),
	}
	raw, err := m.EncodeRecord(fields, r)
	if err != nil || !json.Valid(raw) {
		t.Fatal(string(raw), err)
	}
	back, err := m.DecodeRecord(fields, raw)
	if err != nil || !reflect.DeepEqual(back, r) {
		t.Fatalf("%v\n%v\n%v", err, back, r)
	}
	if _, err := m.EncodeRecord(fields, schema.Record{"total": 3}); err == nil {
		t.Error("an int was written as a Decimal")
	}
}

func TestCoerce(t *testing.T) {
	m := store(t)
	arg := m.Command("createOrder").Args[1]
	line := func(over map[string]any) map[string]any {
		l := map[string]any{"product": "p1", "seller": "s1", "price": "21.33", "freight": 15.1, "quantity": json.Number("3")}
		for k, v := range over {
			l[k] = v
		}
		return l
	}
	got, err := m.Coerce(arg.Type, []any{line(nil)}, "lines")
	want := []any{schema.Record{"product": "p1", "seller": "s1", "price": decimal("21.33"), "freight": decimal("15.1"), "quantity": 3}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%v, %v", got, err)
	}
	for path, bad := range map[string]map[string]any{
		"lines[1].price": {"price": "much"}, "lines[1].quantity": {"quantity": 3_000_000_000}, "lines[1].product": {"product": ""},
		"lines[1].seller": {"seller": nil}, "lines[1]": {"colour": "red"},
	} {
		_, err := m.Coerce(arg.Type, []any{line(nil), line(bad)}, "lines")
		var at *schema.InputError
		if !errors.As(err, &at) || at.Path != path {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func decimal(s string) scalar.Decimal {
	d, err := scalar.ParseDecimal(s)
	if err != nil {
		panic(err)
	}
	return d
}

func dateTime(s string) scalar.DateTime {
	d, err := scalar.ParseDateTime(s)
	if err != nil {
		panic(err)
	}
	return d
}

func BenchmarkDecodeOrder(b *testing.B) {
	m := store(b)
	fields := m.Entity("Order").Fields
	raw := []byte(`{"id":"o1","status":"CREATED","customer":"c1","lines":[{"product":"p1","seller":"s1","price":"21.33","freight":"15.1","quantity":3}],"total":"79.09","approvedAt":"2017-10-02T10:56:33Z"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.DecodeRecord(fields, raw); err != nil {
			b.Fatal(err)
		}
	}
}
