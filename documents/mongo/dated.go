package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// dateVersions gives versions of before CreatedAt was kept theirs: that of the first version of each entity. Some at a time; what is done is not looked for again, by the
// index that has those without.
func (s *Store) dateVersions(ctx context.Context, e *entity) error {
	for { // ends: each round leaves fewer
		cursor, err := e.versions.Find(ctx, where("createdAt", "$eq", nil),
			options.Find().SetLimit(int64(s.features.Batch)).SetProjection(bson.D{{Key: "id", Value: 1}}))
		if err != nil {
			return err
		}
		var undated []struct {
			Key string `bson:"_id"`
			ID  string `bson:"id"`
		}
		if err := cursor.All(ctx, &undated); err != nil || len(undated) == 0 {
			return err
		}
		firsts := make(map[string]string, len(undated))
		ops := make([]operation, len(undated))
		for i, v := range undated {
			created, ok := firsts[v.ID]
			if !ok {
				if created, err = firstTime(ctx, e.versions, v.ID); err != nil {
					return err
				}
				firsts[v.ID] = created
			}
			ops[i] = operation{id: v.ID, filter: bson.D{{Key: "_id", Value: v.Key}}, update: bson.D{{Key: "$set", Value: bson.D{{Key: "createdAt", Value: created}}}}}
		}
		if _, err := bulk(ctx, e, e.versions, ops); err != nil {
			return err
		}
	}
}

// firstTime returns validFrom of an entity's first version.
func firstTime(ctx context.Context, versions *mongo.Collection, id string) (string, error) {
	var first storedVersion
	o := options.FindOne().SetSort(bson.D{{Key: "version", Value: 1}}).SetProjection(bson.D{{Key: "validFrom", Value: 1}})
	err := versions.FindOne(ctx, bson.D{{Key: "id", Value: id}}, o).Decode(&first)
	return first.ValidFrom, err
}
