package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

const (
	// ShutdownBound is how long Serve waits for requests at the end.
	ShutdownBound = 5 * time.Second
	// closeBound is how long it waits for WebSockets to be closed by the other side too.
	closeBound = time.Second
)

// Serve serves until ctx ends, then lets requests finish, within ShutdownBound; streams are ended at once. It closes ln and returns nil after that.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	srv := &http.Server{
		Handler: s.local(ln.Addr(), s.handler), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 60 * time.Second, IdleTimeout: 120 * time.Second,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(s.cfg.Logger.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	select {
	case err := <-failed:
		s.endStreams()
		return err
	case <-ctx.Done():
	}
	s.endStreams()
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), ShutdownBound)
	defer cancel()
	switch err := srv.Shutdown(bound); {
	case errors.Is(err, context.DeadlineExceeded):
		s.cfg.Logger.Warn("requests were cut off: they did not end in time", "bound", ShutdownBound)
		_ = srv.Close() // nothing is left to do about an error
	case err != nil:
		return errors.Join(err, srv.Close())
	}
	bound, cancel = context.WithTimeout(context.WithoutCancel(ctx), closeBound) // net/http does not know of WebSockets
	defer cancel()
	s.gate.wait(bound)
	return nil
}

func (s *Server) endStreams() {
	s.gate.close()
	s.end()
}

// outermost paces every response, and logs requests at debug level.
func (s *Server) outermost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := &paced{w, s.cfg.Limits.Stall}
		p.renew()       // the connection has the deadline of the request before
		defer p.renew() // net/http writes the rest after this
		if s.cfg.Logger.Enabled(r.Context(), slog.LevelDebug) {
			begun := time.Now()
			defer func() {
				s.cfg.Logger.Debug("request", "method", r.Method, "path", r.URL.Path, "took", time.Since(begun))
			}()
		}
		next.ServeHTTP(p, r)
	})
}
