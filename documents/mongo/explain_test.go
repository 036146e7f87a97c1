package mongo

import (
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// What servers answer, in the forms that MongoDB's manual shows: of a find, of one by the newer engine, of several shards, and of a pipeline.
func TestSummary(t *testing.T) {
	const plan = `{"stage": "LIMIT", "inputStage": {"stage": "FETCH", "inputStage": {"stage": "OR", "inputStages": [
		{"stage": "IXSCAN", "indexName": "by_status", "keyPattern": {"status": 1, "_id": 1}}, {"stage": "IXSCAN", "indexName": "by_total"}]}}}`
	const stages = "LIMIT\n  FETCH\n    OR\n      IXSCAN by_status {status: 1, _id: 1}\n      IXSCAN by_total"
	const stats = `{"nReturned": 20, "totalKeysExamined": 25, "totalDocsExamined": 21}`
	const stopped = `{"executionSuccess": false, "errorCode": 50, "nReturned": 1, "totalKeysExamined": 5, "totalDocsExamined": 5}`
	const counts = "\nlooked at 25 keys of indexes and 21 documents for 20"
	for text, want := range map[string]string{
		`{"queryPlanner": {"winningPlan": ` + plan + `}}`:                                                                                                                 stages,
		`{"queryPlanner": {"winningPlan": ` + plan + `}, "executionStats": ` + stats + `}`:                                                                                stages + counts,
		`{"queryPlanner": {"winningPlan": ` + plan + `}, "executionStats": ` + stopped + `}`:                                                                              stages,
		`{"queryPlanner": {"winningPlan": {"queryPlan": ` + plan + `, "slotBasedPlan": {}}}}`:                                                                             stages,
		`{"stages": [{"$cursor": {"queryPlanner": {"winningPlan": ` + plan + `}, "executionStats": ` + stats + `}}, {}]}`:                                                 stages + counts,
		`{"queryPlanner": {"Plan": ["id=2 parent=0 notused=0 detail=SCAN orders"]}}`:                                                                                      "FerretDB's own store: SCAN orders",
		`{"queryPlanner": {"winningPlan": {"stage": "SHARD_MERGE", "shards": [{"winningPlan": {"stage": "IDHACK"}}, {"winningPlan": {"queryPlan": {"stage": "EOF"}}}]}}}`: "SHARD_MERGE\n  IDHACK\n  EOF",
		`{"queryPlanner": {"Plan": "SELECT"}}`:                                                                                                                            `what the server says of it: {"queryPlanner": {"Plan": "SELECT"}}`,
	} {
		var raw bson.Raw
		if err := bson.UnmarshalExtJSON([]byte(text), false, &raw); err != nil {
			t.Fatal(err)
		}
		if got := summary(raw); got != want {
			t.Errorf("%s:\n%s\nwant:\n%s", text, got, want)
		}
	}
}
