package export_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/documents/sqlite"
	"github.com/daybook-cqrs/daybook/export"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

const model = `
type Thing @entity @crud {
  id: ID!
  name: String
  count: Int
  big: Long
  price: Decimal
  share: Float
  open: Boolean
  at: DateTime
  day: Date
  extra: JSON
  tags: [String]
  owner: Owner @ref
  ownerName: String @copy(of: "owner.name")
  parts: [Part!]
  size: Size
}
type Owner @entity @crud { id: ID! name: String }
type Part { owner: Owner @ref big: Long sizes: [Size] }
type Size { width: Decimal height: Int }
`

func store(t testing.TB) (*schema.Model, documents.Store) {
	t.Helper()
	m, err := schema.Load(fstest.MapFS{"thing.graphql": {Data: []byte(model)}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "documents.db"), m, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Setup(t.Context()); err != nil {
		t.Fatal(err)
	}
	return m, s
}

var day = time.Date(2026, 11, 25, 9, 0, 0, 120_000_003, time.UTC)

func put(t testing.TB, s documents.Store, ws ...documents.Write) {
	t.Helper()
	for i := range ws {
		ws[i].Version, ws[i].CreatedAt, ws[i].UpdatedAt = 1, day, day
	}
	if err := s.Write(t.Context(), "Thing", ws); err != nil {
		t.Fatal(err)
	}
}

func things(t testing.TB, m *schema.Model, s documents.Store, q export.DocumentsQuery, out export.Output) (string, export.DocumentsResult) {
	t.Helper()
	var b strings.Builder
	q.Model, q.Entity, out.To = m, m.Entity("Thing"), &b
	r, err := export.Documents(t.Context(), s, q, &out)
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), r
}

// Values look as the API answers them.
func TestValuesOfDocuments(t *testing.T) {
	m, s := store(t)
	price, err := scalar.ParseDecimal("12345678901234567890.10")
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, documents.Write{ID: "a", Set: schema.Record{
		"name": "=1+\"x\",\r\ny", "count": -3, "big": scalar.Long(1 << 60), "price": price, "share": 0.25, "open": false, "at": scalar.NewDateTime(day), "day": scalar.Date("2026-11-25"),
		"extra": scalar.JSON(`"text"`), "tags": []any{"x", nil, ""}, "owner": "o/1", "size": schema.Record{"height": 2},
		"parts": []any{schema.Record{"owner": "o2", "big": scalar.Long(-1), "sizes": []any{nil, schema.Record{"width": price}}}},
	}, Copies: []documents.Copies{{Ref: "owner", Source: documents.Source{ID: "o/1", Version: 1}, Values: schema.Record{"ownerName": ""}, Names: []string{"ownerName"}}}},
		documents.Write{ID: "b"})
	line, _ := things(t, m, s, export.DocumentsQuery{}, export.Output{Format: export.NDJSON})
	want := `{"id":"a","version":1,"createdAt":"2026-11-25T09:00:00.120000003Z","updatedAt":"2026-11-25T09:00:00.120000003Z","name":"=1+\"x\",\r\ny","count":-3,"big":"1152921504606846976",` +
		`"price":"12345678901234567890.1","share":0.25,"open":false,"at":"2026-11-25T09:00:00.120000003Z","day":"2026-11-25","extra":"text","tags":["x",null,""],"ownerId":"o/1","ownerName":"",` +
		`"parts":[{"ownerId":"o2","big":"-1","sizes":[null,{"width":"12345678901234567890.1","height":null}]}],"size":{"width":null,"height":2}}
{"id":"b","version":1,"createdAt":"2026-11-25T09:00:00.120000003Z","updatedAt":"2026-11-25T09:00:00.120000003Z","name":null,"count":null,"big":null,"price":null,"share":null,"open":null,"at":null,"day":null,` +
		`"extra":null,"tags":null,"ownerId":null,"ownerName":null,"parts":null,"size":null}
`
	if line != want {
		t.Errorf("%s\nnot\n%s", line, want)
	}
	cells, _ := things(t, m, s, export.DocumentsQuery{Fields: []string{"name", "big", "price", "extra", "tags", "ownerName", "size", "open", "version"}}, export.Output{Format: export.CSV})
	want = "id,name,big,price,extra,tags,ownerName,size,open,version\r\n" +
		"a,\"=1+\"\"x\"\",\r\ny\",1152921504606846976,12345678901234567890.1,\"\"\"text\"\"\",\"[\"\"x\"\",null,\"\"\"\"]\",\"\",\"{\"\"width\"\":null,\"\"height\"\":2}\",false,1\r\nb,,,,,,,,,1\r\n"
	if cells != want {
		t.Errorf("%q\nnot\n%q", cells, want)
	}
}

// TestAnyCutOfDocumentsIsContinued cuts an export of several pages at many bytes.
func TestAnyCutOfDocumentsIsContinued(t *testing.T) {
	m, s := store(t)
	var ws []documents.Write
	for i := range 250 {
		ws = append(ws, documents.Write{ID: fmt.Sprint("t", i), Set: schema.Record{"name": fmt.Sprint("name \r\n\"", i), "count": i}})
	}
	put(t, s, ws...)
	filter := documents.Compare{Field: "count", Op: documents.Lt, Value: 230}
	for _, f := range formats {
		whole, r := things(t, m, s, export.DocumentsQuery{Filter: filter}, export.Output{Format: f})
		if r.Rows != 230 || r.Last != "t99" {
			t.Errorf("%+v", r)
		}
		for cut := 0; cut <= len(whole); cut += 97 {
			tail, err := export.ReadDocuments(strings.NewReader(whole[:cut]), f, export.DocumentsQuery{Entity: m.Entity("Thing")})
			if err != nil {
				t.Fatalf("cut at %d: %v", cut, err)
			}
			rest, _ := things(t, m, s, export.DocumentsQuery{Filter: filter, After: tail.Last}, export.Output{Format: f, Resumed: tail.Size > 0})
			if whole[:tail.Size]+rest != whole {
				t.Fatalf("%s cut at %d, whole up to %d:\n%s", f, cut, tail.Size, rest)
			}
		}
		if _, err := export.ReadDocuments(strings.NewReader(whole), f, export.DocumentsQuery{Entity: m.Entity("Thing"), Fields: []string{"name"}}); !errors.Is(err, export.ErrUsage) {
			t.Errorf("other fields: %v", err)
		}
	}
}

func TestFieldsThatThereAreNot(t *testing.T) {
	m, s := store(t)
	for fields, want := range map[string]string{"title": `no field "title": name some of id, version`, "owner": "ownerId", "name,name": "twice", "": "no field"} {
		q := export.DocumentsQuery{Model: m, Entity: m.Entity("Thing"), Fields: strings.Split(fields, ",")}
		_, err := export.Documents(t.Context(), s, q, &export.Output{Format: export.CSV})
		if !errors.Is(err, export.ErrUsage) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", fields, err)
		}
		if _, err := export.ReadDocuments(strings.NewReader(""), export.CSV, q); !errors.Is(err, export.ErrUsage) {
			t.Errorf("%s: %v", fields, err)
		}
	}
	if _, err := export.ReadDocuments(strings.NewReader("{\"id\":\"\",\"name\":null}\n"), export.NDJSON, export.DocumentsQuery{Entity: m.Entity("Thing"), Fields: []string{"name"}}); !errors.Is(err, export.ErrUsage) {
		t.Errorf("no id: %v", err)
	}
}

// TestWhatWasWrittenOfDocuments has the output fail in the middle, and the export be interrupted.
func TestWhatWasWrittenOfDocuments(t *testing.T) {
	m, s := store(t)
	var ws []documents.Write
	for i := range 2000 {
		ws = append(ws, documents.Write{ID: fmt.Sprintf("t%04d", i), Set: schema.Record{"count": i}})
	}
	put(t, s, ws...)
	q := export.DocumentsQuery{Model: m, Entity: m.Entity("Thing"), Fields: []string{"count"}}
	whole, _ := things(t, m, s, q, export.Output{Format: export.NDJSON})
	for _, room := range []int{0, 1, 10_000, 30_000} {
		w := &full{room: room}
		r, err := export.Documents(t.Context(), s, q, &export.Output{To: w, Format: export.NDJSON})
		if !errors.Is(err, errFull) {
			t.Fatal(err)
		}
		q := q
		q.After = r.Last
		rest, _ := things(t, m, s, q, export.Output{Format: export.NDJSON})
		if written := whole[:len(whole)-len(rest)]; written+rest != whole || !strings.HasPrefix(w.String(), written) || int(r.Rows) != strings.Count(written, "\n") {
			t.Errorf("%d bytes: %+v", room, r)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var b strings.Builder
	r, err := export.Documents(ctx, s, q, &export.Output{To: &b, Format: export.NDJSON, Progress: func(done, total int64) {
		if total != 2000 {
			t.Error(total)
		}
		cancel()
	}})
	if err == nil || ctx.Err() == nil || r.Rows == 0 || r.Rows == 2000 || int(r.Rows) != strings.Count(b.String(), "\n") || !strings.Contains(b.String(), r.Last) {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestFormats(t *testing.T) {
	for _, name := range []string{"", "json", "CSV"} {
		if _, err := export.ParseFormat(name); err == nil {
			t.Error(name)
		}
	}
	if f, err := export.ParseFormat("csv"); err != nil || f != export.CSV {
		t.Error(f, err)
	}
}
