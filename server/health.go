package server

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// health remembers what /readyz last found, so that the log has changes only.
type health struct {
	mu      sync.Mutex
	failing []string
}

// changed notes the parts that fail, and reports whether they were others before.
func (h *health) changed(failing []string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	was := h.failing
	h.failing = failing
	return !slices.Equal(was, failing)
}

// ready answers with the names of the parts that fail. Their errors have addresses in them, and go to the log.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	errs := s.cfg.Ready(ctx)
	failing := slices.Sorted(maps.Keys(errs))
	if r.Context().Err() == nil && s.health.changed(failing) { // nothing is known if the client is gone
		if len(failing) == 0 {
			s.cfg.Logger.Info("ready")
		}
		for _, part := range failing {
			s.cfg.Logger.Warn("not ready", "part", part, "error", errs[part])
		}
	}
	if len(failing) > 0 {
		writeJSON(w, http.StatusServiceUnavailable, map[string]any{"status": "not ready", "failing": failing})
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"status": "ready"})
}
