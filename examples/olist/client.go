package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// client sends GraphQL requests. It tries again while the server can't be reached, so that it survives a restart: what it sends may be repeated.
type client struct {
	url  string
	http *http.Client
}

func newClient(url string, connections int) *client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = connections
	return &client{url, &http.Client{Transport: t, Timeout: 40 * time.Second}}
}

// patience is how long a server may be away.
const patience = 2 * time.Minute

// consolidation is how long reading back may wait for the documents to be as far as the log.
const consolidation = time.Hour

var errBehind = errors.New("the documents are not as far as the log yet")

// errAnswer is an answer that a repetition would not change.
var errAnswer = errors.New("the server answered")

// do sends a request and decodes data. A server that is busy or away is asked again.
func (c *client) do(ctx context.Context, query string, variables map[string]any, data any) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	pause := 20 * time.Millisecond
	for began := time.Now(); ; {
		err := c.once(ctx, body, data)
		bound := patience
		if errors.Is(err, errBehind) {
			bound = consolidation
		}
		if err == nil || errors.Is(err, errAnswer) || ctx.Err() != nil || time.Since(began) > bound {
			return err
		}
		select {
		case <-time.After(pause):
			pause = min(2*pause, time.Second)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *client) once(ctx context.Context, body []byte, data any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: %w", errAnswer, err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return err
	}
	var answer struct {
		Data   json.RawMessage
		Errors []struct {
			Message    string
			Extensions struct{ Code string }
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		err = fmt.Errorf("status %d, no GraphQL at %s: %.200s", resp.StatusCode, c.url, text)
		if resp.StatusCode >= 400 && resp.StatusCode < 500 { // another try gives the same
			err = fmt.Errorf("%w: %w", errAnswer, err)
		}
		return err
	}
	if len(answer.Errors) == 0 {
		return json.Unmarshal(answer.Data, data)
	}
	first := answer.Errors[0]
	switch first.Extensions.Code {
	case "NOT_CONSOLIDATED":
		return errBehind
	case "INTERNAL", "TIMEOUT", "CANCELED", "UNAVAILABLE": // a restart or an outage on the other side
		return errors.New(first.Message)
	}
	return fmt.Errorf("%w: %s", errAnswer, first.Message)
}
