package mongo

import (
	"context"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/daybook-cqrs/daybook/documents"
)

// History implements documents.Store.
func (s *Store) History(ctx context.Context, q documents.HistoryQuery) (map[string][]documents.Version, error) {
	e, err := s.entity(q.Entity)
	if err != nil {
		return nil, err
	}
	if err := documents.CheckHistory(q); err != nil {
		return nil, err
	}
	out := make(map[string][]documents.Version, len(q.Of))
	if len(q.Of) == 0 {
		return out, nil
	}
	cursor, err := s.newest(ctx, e, q)
	if err != nil {
		return nil, fmt.Errorf("versions of %s in MongoDB: %w", e.Plural, err)
	}
	read := 0
	err = s.eachVersion(ctx, e, cursor, func(v documents.Version) error {
		if read++; read > maxScan {
			return fmt.Errorf("over %d versions to choose from; MongoDB 5.2 or later reads only those asked for", maxScan)
		}
		if len(out[v.ID]) < q.Limit {
			out[v.ID] = append(out[v.ID], v)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("versions of %s in MongoDB: %w", e.Plural, err)
	}
	return out, nil
}

// newest reads versions, those of each entity newest first: as many as are asked for, but where the server cannot pick them for each of several.
func (s *Store) newest(ctx context.Context, e *entity, q documents.HistoryQuery) (*mongo.Cursor, error) {
	filter := below(q.Of)
	if !q.AsOf.IsZero() {
		filter = append(filter, where("validFrom", "$lte", encodeTime(q.AsOf))...)
	}
	order := bson.D{{Key: "version", Value: -1}}
	fields := versionProjection(e, q.Fields)
	switch {
	case len(q.Of) == 1:
		return e.versions.Find(ctx, filter, options.Find().SetSort(order).SetLimit(int64(q.Limit)).SetProjection(fields))
	case s.features.TopN:
		pipeline := bson.A{stage("$match", filter)}
		if fields != nil {
			pipeline = append(pipeline, stage("$project", fields))
		}
		return e.versions.Aggregate(ctx, append(pipeline, firstOfEach("id", order, q.Limit)...))
	}
	return e.versions.Find(ctx, filter, options.Find().SetSort(bson.D{{Key: "id", Value: 1}, {Key: "version", Value: -1}}).SetLimit(maxScan+1).SetAllowDiskUse(true).SetProjection(fields))
}

// versionProjection selects fields of the state, and all of a version but its changes; nil for everything.
func versionProjection(e *entity, fields []string) any {
	if fields == nil {
		return nil
	}
	out := bson.D{}
	for _, name := range []string{
		"id", "version", "event", "from", "to", "deleted", "createdAt", "validFrom", "validTo", "commandId", "actor", "correlationId", "causationId", "partition", "epoch", "seq",
	} {
		out = append(out, bson.E{Key: name, Value: 1})
	}
	for i, name := range fields {
		if e.byName[name] != nil && !slices.Contains(fields[:i], name) {
			out = append(out, bson.E{Key: "state." + name, Value: 1})
		}
	}
	return out
}

// below holds for versions of the entities below those of the keys, those of any version if that is 0.
func below(keys []documents.VersionKey) bson.D {
	if len(keys) == 1 && keys[0].Version > 0 {
		return bson.D{{Key: "id", Value: keys[0].ID}, {Key: "version", Value: bson.D{{Key: "$lt", Value: keys[0].Version}}}}
	}
	if len(keys) == 1 {
		return bson.D{{Key: "id", Value: keys[0].ID}}
	}
	ids := map[int64][]string{} // many entities have the same few versions
	for _, k := range keys {
		ids[k.Version] = append(ids[k.Version], k.ID)
	}
	var parts bson.A
	for version, ids := range ids {
		f := where("id", "$in", ids)
		if version > 0 {
			f = append(f, where("version", "$lt", version)...)
		}
		parts = append(parts, f)
	}
	return bson.D{{Key: "$or", Value: parts}}
}
