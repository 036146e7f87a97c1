package mongo

import (
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// Decimal128 needs real MongoDB to be seen stored; that it keeps every value is checked here without one.
func TestDecimal128KeepsTheValue(t *testing.T) {
	s := &Store{features: Features{Decimal128: true}}
	for _, text := range []string{
		"0", "1", "-1", "15.1", "-0.00001", "100", "9999999999999999999999999999999999", "-9999999999999999999999999999999999", "1e34", "1e300", "-1e-30",
		"1.234567890123456789012345678901234e6144", "1e-6176", "0.9999999999999999999999999999999999",
	} {
		want, err := scalar.ParseDecimal(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		stored, err := s.scalarValue(want)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		raw, err := bson.Marshal(bson.D{{Key: "v", Value: stored}})
		if err != nil {
			t.Fatal(err)
		}
		v := bson.Raw(raw).Lookup("v")
		if v.Type != bson.TypeDecimal128 {
			t.Fatalf("%s is stored as %s", text, v.Type)
		}
		got, err := decodeScalar(schema.KindDecimal, v)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got.(scalar.Decimal).Cmp(want) != 0 {
			t.Errorf("%s came back as %s", text, got)
		}
	}
}

func TestNoTextIsSpecial(t *testing.T) {
	s := &Store{}
	for _, c := range []struct {
		filter documents.Filter
		want   string
	}{
		{documents.Text{Field: "f", Op: documents.Contains, Value: `a.*b\E$x`}, `{"f": {"$regex": "a\\.\\*b\\\\E\\$x"}}`},
		{documents.Text{Field: "f", Op: documents.Contains, Value: "a\x00"}, `{"f": {"$regex": "a\\x00"}}`},
		{documents.Text{Field: "f", Op: documents.StartsWith, Value: "^$"}, `{"f": {"$gte": "^$","$lt": "^%"}}`},
		{documents.Compare{Field: "f", Value: "$where"}, `{"f": {"$eq": "$where"}}`},
		{documents.Or{}, `{"_id": {"$in": []}}`},
		{documents.Not{F: documents.IsNull{Field: "f"}}, `{"$nor": [{"f": {"$exists": false}}]}`},
	} {
		d, err := s.filter(c.filter)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := bson.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if got := bson.Raw(raw).String(); got != c.want {
			t.Errorf("%#v: %s, want %s", c.filter, got, c.want)
		}
	}
}

func TestDatabaseInURI(t *testing.T) {
	for uri, want := range map[string]string{
		"mongodb://a:1,b:2/shop?replicaSet=r": "shop", "mongodb://a": "", "mongodb://u:p@a/": "", "mongodb+srv://h.example/shop": "shop",
		"mongodb://a/?tlsCAFile=/etc/ca.pem": "",
	} {
		if got := databaseIn(uri); got != want {
			t.Errorf("%s: %q, want %q", uri, got, want)
		}
	}
}

// An index has what is missing as null: { $exists: true } goes through all of that, { $ne: null } does not. Of a list it would be about the elements.
func TestAnIndexFindsWhatIsNotNull(t *testing.T) {
	s := &Store{}
	e := &entity{byName: map[string]*schema.Field{
		"n": {Name: "n", Type: schema.Type{Kind: schema.KindInt}}, "list": {Name: "list", Type: schema.Type{Kind: schema.KindInt, List: true}},
		"o": {Name: "o", Type: schema.Type{Kind: schema.KindObject}},
	}}
	not := func(field string) documents.Filter { return documents.Not{F: documents.IsNull{Field: field}} }
	for _, c := range []struct {
		table  *table
		filter documents.Filter
		want   string
	}{
		{&table{entity: e}, not("n"), `{"n": {"$ne": null}}`},
		{&table{entity: e, past: true}, documents.And{not("n")}, `{"$and": [{"state.n": {"$ne": null}}]}`},
		{&table{entity: e}, not("list"), `{"$nor": [{"list": {"$exists": false}}]}`},
		{&table{entity: e}, not("o"), `{"$nor": [{"o": {"$exists": false}}]}`},
		{&table{entity: e}, documents.IsNull{Field: "n"}, `{"n": {"$exists": false}}`},
		{&table{entity: e}, documents.Inside{Field: "o", F: not("n")}, `{"$and": [{"o": {"$exists": true}},{"$nor": [{"o.n": {"$exists": false}}]}]}`},
	} {
		d, err := c.table.filter(s, c.filter)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := bson.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if got := bson.Raw(raw).String(); got != c.want {
			t.Errorf("%#v: %s, want %s", c.filter, got, c.want)
		}
	}
}
