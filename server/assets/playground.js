'use strict';
const endpoint = new URL(document.body.dataset.endpoint, location.href);
const live = new URL(endpoint);
live.protocol = endpoint.protocol === 'https:' ? 'wss:' : 'ws:';
const fetcher = GraphiQL.createFetcher({ url: endpoint.href, subscriptionUrl: live.href });
ReactDOM.createRoot(document.getElementById('playground')).render(
  React.createElement(GraphiQL, { fetcher, defaultQuery: document.body.dataset.example, shouldPersistHeaders: false }),
);
