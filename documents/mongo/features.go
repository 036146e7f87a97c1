package mongo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/daybook-cqrs/daybook/documents"
)

// Features are the real differences between servers that speak MongoDB's protocol.
type Features struct {
	Server     string // for people: "MongoDB 8.0.4", "FerretDB v1.24.0"
	Decimal128 bool   // Decimal is stored as such; else as text that sorts like the numbers
	TopN       bool   // $topN in $group, MongoDB 5.2: a page per key in one read without reading the rest
	Partial    bool   // an index may be on some of the documents
	Elements   bool   // $elemMatch takes $and, $or and $nor; else what is about elements is looked at here
	Atomic     bool   // patterns are PCRE's, which has atomic groups
	Batch      int    // writes sent at once
}

// detect asks the server what it is.
func detect(ctx context.Context, db *mongo.Database) (Features, error) {
	var info struct {
		Version string   `bson:"version"`
		Array   []int    `bson:"versionArray"`
		V1      string   `bson:"ferretdbVersion"`
		V2      bson.Raw `bson:"ferretdb"`
	}
	if err := db.Client().Database("admin").RunCommand(ctx, bson.D{{Key: "buildInfo", Value: 1}}).Decode(&info); err != nil {
		return Features{}, err
	}
	if info.V1 != "" || info.V2 != nil {
		return Features{Server: "FerretDB " + info.V1, Batch: 50}, nil
	}
	if len(info.Array) < 2 {
		return Features{}, fmt.Errorf("buildInfo gives no version that can be read (%q)", info.Version)
	}
	out := Features{Server: "MongoDB " + info.Version, Decimal128: true, Partial: true, Elements: true, Atomic: true, Batch: 1000}
	if major, minor := info.Array[0], info.Array[1]; major < 5 || major == 5 && minor < 2 {
		return out, nil
	}
	var err error
	out.TopN, err = knowsTopN(ctx, db)
	return out, err
}

// knowsTopN tries it: a server of a newer version does not know it as long as its featureCompatibilityVersion is one before 5.2, and not all that speak the protocol know what their version
// says.
func knowsTopN(ctx context.Context, db *mongo.Database) (bool, error) {
	pipeline := append(bson.A{stage("$match", nothing)}, firstOfEach("none", bson.D{{Key: documents.FieldID, Value: 1}}, 1)...)
	cursor, err := db.Collection("checkpoints").Aggregate(ctx, pipeline)
	if err == nil {
		closeCursor(ctx, cursor)
		return true, nil
	}
	var refused mongo.CommandError
	if errors.As(err, &refused) && !mongo.IsNetworkError(err) && !mongo.IsTimeout(err) {
		return false, nil
	}
	return false, err
}

func (f Features) log(log *slog.Logger, database string) {
	decimals := "Decimal128"
	if !f.Decimal128 {
		decimals = "text that sorts as the numbers do: this server has no Decimal128"
	}
	if strings.HasPrefix(f.Server, "FerretDB") {
		log.Warn("FerretDB 1 can lose one of two concurrent updates: use it for tests and with one consolidator only", "server", f.Server)
	}
	log.Info("documents in MongoDB", "server", f.Server, "database", database, "decimals", decimals, "batch", f.Batch)
}
