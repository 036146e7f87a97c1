package mongo

import (
	"context"
	"fmt"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/daybook-cqrs/daybook/documents"
)

// explainMillis is how long a server may do what it is to explain.
const explainMillis = 2000

// Explain implements documents.Store: it is the plan that the server chooses, with what it looked at on the way if that took no longer than explainMillis.
func (s *Store) Explain(ctx context.Context, q documents.Query, by string, keys []string) (string, error) {
	t, err := s.page(q)
	if err != nil {
		return "", err
	}
	var commands []bson.D
	if by != "" {
		if err := documents.CheckRef(t.Entity, by); err != nil {
			return "", err
		}
		command, err := s.commandBy(t, q, by, keys)
		if err != nil {
			return "", err
		}
		commands = append(commands, command)
	} else {
		for _, r := range documents.PageRanges(q) {
			command, err := s.command(t, r.Filter, r.Orders, q.Limit)
			if err != nil {
				return "", err
			}
			commands = append(commands, command)
		}
	}
	var out []string
	for _, command := range commands {
		text, err := s.explain(ctx, command)
		if err != nil {
			return "", fmt.Errorf("%s in MongoDB: %w", t.Plural, err)
		}
		out = append(out, text)
	}
	return strings.Join(out, "\n"), nil
}

// command is what List sends for one range.
func (s *Store) command(t *table, f documents.Filter, orders []documents.Order, limit int) (bson.D, error) {
	server, rest := s.split(f)
	filter, err := t.filter(s, server)
	out := bson.D{{Key: "find", Value: t.in.Name()}, {Key: "filter", Value: t.lived(filter)}, {Key: "sort", Value: t.sorting(orders)}}
	if rest == nil {
		out = append(out, bson.E{Key: "limit", Value: limit})
	}
	return out, err
}

// commandBy is what ListBy sends.
func (s *Store) commandBy(t *table, q documents.Query, by string, keys []string) (bson.D, error) {
	among := documents.Both(documents.InTexts(by, keys), documents.PageFilter(q))
	if !s.features.TopN {
		return s.command(t, among, documents.PageOrders(q), maxScan+1)
	}
	pipeline, err := s.topNPipeline(t, q, by, among, q.Limit)
	return bson.D{{Key: "aggregate", Value: t.in.Name()}, {Key: "pipeline", Value: pipeline}, {Key: "cursor", Value: bson.D{}}}, err
}

// explain asks with, and if that fails without doing it.
func (s *Store) explain(ctx context.Context, command bson.D) (string, error) {
	var err error
	for _, verbosity := range []string{"executionStats", "queryPlanner"} {
		ask := bson.D{{Key: "explain", Value: command}, {Key: "verbosity", Value: verbosity}}
		if verbosity == "executionStats" {
			ask = append(ask, bson.E{Key: "maxTimeMS", Value: explainMillis})
		}
		var raw bson.Raw
		if raw, err = s.db.RunCommand(ctx, ask).Raw(); err == nil {
			return summary(raw), nil
		}
	}
	return "", err
}

// summary says in a few lines what a server's explanation holds: the stages of its plan with their indexes, and what was looked at. An explanation in another form it
// returns whole.
func summary(raw bson.Raw) string {
	plan, stats := raw.Lookup("queryPlanner", "winningPlan"), raw.Lookup("executionStats")
	if cursor := raw.Lookup("stages", "0", "$cursor"); cursor.Type != 0 { // of a pipeline
		plan, stats = raw.Lookup("stages", "0", "$cursor", "queryPlanner", "winningPlan"), raw.Lookup("stages", "0", "$cursor", "executionStats")
	}
	var out []string
	if doc, ok := plan.DocumentOK(); ok {
		out = stages(out, doc, 0)
	}
	if lines, ok := raw.Lookup("queryPlanner", "Plan").ArrayOK(); ok { // FerretDB's, of what it asks its own store
		values, _ := lines.Values() // what can't be read is left out
		for _, v := range values {
			line, _ := v.StringValueOK()
			_, detail, _ := strings.Cut(line, "detail=")
			out = append(out, "FerretDB's own store: "+detail)
		}
	}
	if len(out) == 0 {
		return "what the server says of it: " + raw.String()
	}
	doc, ok := stats.DocumentOK()
	if done, known := doc.Lookup("executionSuccess").BooleanOK(); ok && (done || !known) { // it may have been stopped in the middle
		out = append(out, fmt.Sprintf("looked at %d keys of indexes and %d documents for %d", count(doc, "totalKeysExamined"), count(doc, "totalDocsExamined"), count(doc, "nReturned")))
	}
	return strings.Join(out, "\n")
}

// maxStages bounds how deep a plan is followed.
const maxStages = 50

// stages appends a line for a stage, and those of what it reads from below it.
func stages(out []string, stage bson.Raw, depth int) []string {
	if inner, ok := stage.Lookup("queryPlan").DocumentOK(); ok { // of MongoDB's newer engine
		stage = inner
	}
	name, ok := stage.Lookup("stage").StringValueOK()
	if !ok || depth > maxStages {
		return out
	}
	line := strings.Repeat("  ", depth) + name
	if index, ok := stage.Lookup("indexName").StringValueOK(); ok {
		line += " " + index
	}
	if keys, ok := stage.Lookup("keyPattern").DocumentOK(); ok {
		line += " " + directions(keys)
	}
	out = append(out, line)
	if input, ok := stage.Lookup("inputStage").DocumentOK(); ok {
		out = stages(out, input, depth+1)
	}
	for _, input := range documentsIn(stage, "inputStages") {
		out = stages(out, input, depth+1)
	}
	for _, shard := range documentsIn(stage, "shards") { // each has a plan of its own
		if plan, ok := shard.Lookup("winningPlan").DocumentOK(); ok {
			out = stages(out, plan, depth+1)
		}
	}
	return out
}

// documentsIn returns the documents in a list. What can't be read is left out.
func documentsIn(doc bson.Raw, list string) []bson.Raw {
	array, _ := doc.Lookup(list).ArrayOK()
	values, _ := array.Values()
	var out []bson.Raw
	for _, v := range values {
		if d, ok := v.DocumentOK(); ok {
			out = append(out, d)
		}
	}
	return out
}

// directions writes the keys of an index: {status: 1, _id: 1}.
func directions(keys bson.Raw) string {
	elements, _ := keys.Elements() // what can't be read is left out
	var out []string
	for _, el := range elements {
		out = append(out, fmt.Sprintf("%s: %d", el.Key(), count(keys, el.Key())))
	}
	return "{" + strings.Join(out, ", ") + "}"
}

func count(doc bson.Raw, field string) int64 {
	n, _ := doc.Lookup(field).AsInt64OK() // 0 where the server doesn't say
	return n
}
