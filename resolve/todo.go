package resolve

import "context"

type RequestInfo struct{ IdempotencyKey string }

func RequestFrom(ctx context.Context) RequestInfo { return RequestInfo{} }
func (s *headSource) fromDocuments(ctx context.Context, name string) (any, error) { return nil, nil }
func (rt *Runtime) query(ctx context.Context, f field) (any, error) { return nil, nil }
func Stream(ctx context.Context, rt *Runtime) (<-chan *Object, error) { return nil, nil }
