package redis

import (
	"context"
	"errors"
	"fmt"

	goredis "github.com/redis/go-redis/v9"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// run runs a script whose first key is a partition's meta and whose first argument is the log's id. It returns what follows "ok" in its answer.
func (l *Log) run(ctx context.Context, script *goredis.Script, names []string, args ...any) ([]string, error) {
	reply, err := script.Run(ctx, l.client, names, append([]any{l.id}, args...)...).Result()
	if err != nil {
		return nil, err
	}
	parts := texts(reply)
	if len(parts) == 0 {
		return nil, fmt.Errorf("a script answered %v", reply)
	}
	switch rest := parts[1:]; {
	case parts[0] == "ok":
		return rest, nil
	case parts[0] == "none":
		return nil, eventlog.ErrNoNote
	case len(rest) == 0:
		return nil, fmt.Errorf("a script answered %v", reply)
	case parts[0] == "many":
		return nil, fmt.Errorf("%w: %s", eventlog.ErrManyNotes, rest[0])
	case parts[0] == "lost":
		return nil, errLost(rest[0])
	default:
		return nil, fmt.Errorf("Redis has lost a part of the log: %s", rest[0]) //nolint:staticcheck // a name
	}
}

// getOf returns a field of a hash of the partition, if the log is still the one that was opened. false: it is not there.
func (l *Log) getOf(ctx context.Context, partition int, hash, field string) (string, bool, error) {
	pipe := l.client.Pipeline()
	id := pipe.HGet(ctx, l.keys.meta(partition), "id")
	value := pipe.HGet(ctx, hash, field)
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, goredis.Nil) {
		return "", false, err
	}
	if id.Val() != l.id {
		return "", false, l.otherLog(partition)
	}
	text, err := value.Result()
	if errors.Is(err, goredis.Nil) {
		return "", false, nil
	}
	return text, err == nil, err
}
