// Package storetest is the contract of documents.Store as tests: every engine passes all of them.
package storetest

import (
	"context"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// Features are the real differences between engines.
type Features struct {
	Documents int // how many documents the larger tests may make; 0 is 2,000
	Rounds    int // how many filters and pages the property tests try; 0 is 300
}

// Open opens a store that is empty, and closes it when the test ends.
type Open func(t testing.TB, m *schema.Model) documents.Store

// Run runs the contract suite. Every test gets a store of its own.
func Run(t *testing.T, open Open, f Features) {
	if f.Documents == 0 {
		f.Documents = 2000
	}
	if f.Rounds == 0 {
		f.Rounds = 300
	}
	model := Model(t)
	tests := []struct {
		name string
		run  func(*suite)
	}{
		{"Setup", (*suite).setup},
		{"Write", (*suite).writes},
		{"WriteConcurrent", (*suite).writesConcurrently},
		{"Values", (*suite).values},
		{"Tombstones", (*suite).tombstones},
		{"Copies", (*suite).copies},
		{"Recopy", (*suite).recopy},
		{"RecopyRace", (*suite).recopyRace},
		{"Referrers", (*suite).referrers},
		{"Archive", (*suite).archive},
		{"HasCommand", (*suite).hasCommand},
		{"OtherHistory", (*suite).otherHistory},
		{"Checkpoints", (*suite).checkpoints},
		{"Secret", (*suite).secret},
		{"Load", (*suite).load},
		{"List", (*suite).list},
		{"ListBy", (*suite).listBy},
		{"CountBy", (*suite).countBy},
		{"Size", (*suite).size},
		{"Explain", (*suite).explain},
		{"Batches", (*suite).batches},
		{"Garbage", (*suite).garbage},
		{"FiltersAgree", (*suite).filtersAgree},
		{"PagesAgree", (*suite).pagesAgree},
		{"PagesOfMovingRows", (*suite).pagesOfMovingRows},
		{"ListByAgrees", (*suite).listByAgrees},
		{"PastAgrees", (*suite).pastAgrees},
		{"PastByAgrees", (*suite).pastByAgrees},
		{"LoadAsOf", (*suite).loadAsOf},
		{"History", (*suite).history},
		{"PastGarbage", (*suite).pastGarbage},
		{"Views", (*suite).views},
		{"ViewsRead", (*suite).viewsRead},
		{"ViewsConcurrent", (*suite).viewsConcurrently},
		{"Tallies", (*suite).tallies},
		{"ViewCheckpoints", (*suite).viewCheckpoints},
		{"ViewDrop", (*suite).viewDrop},
		{"Close", (*suite).close},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
			t.Cleanup(stop)
			s := &suite{T: t, ctx: ctx, model: model, features: f, open: open, store: open(t, model)}
			s.ok(s.store.Setup(ctx))
			s.ok(s.store.Index(ctx))
			test.run(s)
		})
	}
}

// suite is one test with its store.
type suite struct {
	*testing.T
	ctx      context.Context
	model    *schema.Model
	features Features
	open     Open
	store    documents.Store
}

const sdl = `
type Customer @entity @crud {
  id: ID!
  name: String!
  city: String
}

type Sample @entity @crud {
  id: ID!
  customer: Customer @ref(inverse: "samples")
  customerName: String @copy(of: "customer.name")
  customerCity: String @copy(of: "customer.city")
  seller: Customer @ref(inverse: "sold")
  sellerName: String @copy(of: "seller.name")
  colour: Colour
  text: String @indexed
  count: Int
  ratio: Float
  flag: Boolean
  price: Decimal @indexed
  at: DateTime @indexed
  day: Date
  big: Long
  key: UUID
  data: JSON
  tags: [String!]
  marks: [String]
  prices: [Decimal]
  ratios: [Float!]
  moments: [DateTime!]
  lines: [Line]
  box: Line
}

type Line {
  title: String!
  price: Decimal
  at: DateTime
  flag: Boolean
  parts: [Int!]
  tags: [String]
  inner: Inner
}

type Inner { ratio: Float! big: Long }

type Total @view(of: "Sample") {
  customer: Customer @ref(inverse: "totals") @group
  colour: Colour @group
  samples: Long! @count
  largest: Decimal @max(of: "price") @indexed
}

type Latest @view(of: "Sample", plural: "allLatest") { text: String box: Line }

enum Colour { RED GREEN BLUE }
`

// Model returns the model that the suite's documents follow.
func Model(t testing.TB) *schema.Model {
	t.Helper()
	m, err := schema.Load(fstest.MapFS{"sample.graphql": {Data: []byte(sdl)}})
	if err != nil {
		t.Fatalf("the suite's own model: %v", err)
	}
	return m
}

func (s *suite) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *suite) same(want, got any) {
	s.Helper()
	if d := diff(want, got); d != "" {
		s.Fatalf("(-want +got):\n%s", d)
	}
}

func diff(want, got any) string {
	return cmp.Diff(want, got, cmpopts.EquateEmpty(),
		cmp.Comparer(func(a, b scalar.Decimal) bool { return a.Cmp(b) == 0 }),
		cmp.Comparer(func(a, b scalar.DateTime) bool { return a == b }),
	)
}

// day0 is when the suite's documents begin.
var day0 = time.Date(2024, 2, 29, 23, 59, 59, 123456789, time.UTC)

func decimal(text string) scalar.Decimal {
	d, err := scalar.ParseDecimal(text)
	if err != nil {
		panic(err) // a constant of the suite
	}
	return d
}

// create is a write that makes a document of version 1.
func create(id string, set schema.Record) documents.Write {
	return documents.Write{ID: id, Version: 1, CreatedAt: day0, UpdatedAt: day0, Set: set}
}

// sample loads one Sample; ok is false if it isn't there.
func (s *suite) sample(id string) (documents.Document, bool) {
	s.Helper()
	got, err := s.store.Load(s.ctx, "Sample", []string{id}, nil)
	s.ok(err)
	d, ok := got[id]
	return d, ok
}

func (s *suite) write(ws ...documents.Write) {
	s.Helper()
	s.ok(s.store.Write(s.ctx, "Sample", ws))
}
