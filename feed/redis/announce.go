package redis

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/daybook-cqrs/daybook/feed"
)

// quiet is how long a connection that listens may say nothing before it is asked whether it is there, and then how long it may take to answer.
const quiet = 2 * time.Second

// The channels are no keys: every server of a Cluster has what is published on any of them.
func (f *Feed) progressChannel() string { return f.o.Prefix + ":feed:progress" }

func (f *Feed) askedChannel() string { return f.o.Prefix + ":feed:asked" }

// Announce implements feed.Feed.
func (f *Feed) Announce(ctx context.Context, p feed.Progress) error {
	return f.say(ctx, f.progressChannel(), p)
}

// Listen implements feed.Feed.
func (f *Feed) Listen(ctx context.Context, ready func(), each func(feed.Progress)) error {
	return hear(ctx, f, f.progressChannel(), ready, each)
}

// Ask implements feed.Feed.
func (f *Feed) Ask(ctx context.Context, past time.Time) error {
	return f.say(ctx, f.askedChannel(), past)
}

// Asked implements feed.Feed.
func (f *Feed) Asked(ctx context.Context, ready func(), each func(past time.Time)) error {
	return hear(ctx, f, f.askedChannel(), ready, each)
}

func (f *Feed) say(ctx context.Context, channel string, what any) error {
	raw, err := json.Marshal(what)
	if err != nil {
		return err
	}
	return f.closedOr(f.client.Publish(ctx, channel, raw).Err())
}

// hear calls each with what is published on the channel.
func hear[T any](ctx context.Context, f *Feed, channel string, ready func(), each func(T)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sub := f.reader.Subscribe(ctx, channel)
	closed := func() { _ = sub.Close() }
	defer closed()
	defer context.AfterFunc(ctx, closed)() // a read does not see the end of its context
	go func() {
		select {
		case <-f.closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	err := follow(ctx, sub, ready, func(text string) {
		var what T
		if err := json.Unmarshal([]byte(text), &what); err != nil {
			f.o.Log.Error("what is published on a channel of the feed can't be read", "channel", channel, "error", err)
			return
		}
		each(what)
	})
	if ctx.Err() != nil {
		err = nil
	}
	return f.closedOr(err)
}

// follow reads a subscription until it fails.
func follow(ctx context.Context, sub *goredis.PubSub, ready func(), each func(text string)) error {
	pinged, begun := false, false
	for {
		message, err := sub.ReceiveTimeout(ctx, quiet)
		var late net.Error
		switch {
		case err == nil:
			pinged = false
		case pinged || !errors.As(err, &late) || !late.Timeout():
			return err
		default:
			if err := sub.Ping(ctx); err != nil {
				return err
			}
			pinged = true
		}
		switch m := message.(type) {
		case *goredis.Message:
			each(m.Payload)
		case *goredis.Subscription:
			if !begun {
				ready()
			}
			begun = true
		}
	}
}
