// SPDX-License-Identifier: Apache-2.0
//
// Written by Tests/Manual/generate-rules from the rules' comments; do not edit.
// swift-format-ignore-file

/// The manual's text about each rule, a line for each paragraph; `RulePage` reads it.
enum RuleTexts {
    static let table = #"""
        = TEXT
        - CAN0001 IST0106 error
        The text is not YAML or JSON.
        - CAN0002 IST0106 error
        The bytes are not text: not UTF-8 or UTF-16, or control characters.
        - CAN0003 - error
        A literal `...` stands where a tutorial left fields out.
        - CAN0004 IST0106 error
        A tab indents a line.
        - CAN0005 - error
        A mapping has the same key twice.
        - CAN0006 IST0106 error
        An alias names no anchor, or stands inside of its own anchor.
        - CAN0007 IST0106 error
        The value of a merge key `<<` is no mapping.
        - CAN0008 IST0106 error
        A key is a list, a mapping or null.
        - CAN0009 IST0106 error
        A number that JSON, and so Kubernetes, cannot hold.
        - CAN0010 - error
        An explicit tag does not fit its value, or means nothing here.
        - CAN0011 - error
        The text is larger, deeper or more numerous than the limits allow.
        - CAN0012 IST0106 error
        Lines of a shell here-document or of Markdown were copied along with the manifest.
        = WHAT AN OBJECT IS
        - CAN0020 IST0106 error
        A document is no mapping.
        - CAN0021 IST0106 error
        `kind` is missing.
        - CAN0022 IST0106 error
        `apiVersion` is missing.
        - CAN0023 IST0106 error
        The kind is known, but not under this `apiVersion`.
        - CAN0024 - warning
        The `apiVersion` was removed from Kubernetes; the object is stored under its successor.
        - CAN0025 - error
        The kind is none of those that canaryctl knows.
        - CAN0026 IST0106 error
        `name`, `labels` … stand beside `metadata`, not inside of it.
        - CAN0027 IST0106 error
        `metadata.name` is missing.
        - CAN0028 - error
        Names cannot be generated.
        - CAN0029 IST0106 error
        `apiVersion`, `kind`, `metadata` or one of its identifying fields is of the wrong type.
        - CAN0030 - error
        One run describes the same object twice.
        - CAN0031 - error
        The manifest's namespace is not the one that the command line asks for.
        - CAN0032 IST0106 error
        The `items` of a list are no objects.
        - CAN0043 - information
        Objects are of a kind that charts have, and that does not decide about traffic: they are skipped.
        = SCHEMA
        - CAN0101 - error
        The field does not exist at this place: a typing error, or wrong indentation. `--validate=warn|ignore` softens this finding and no other one of the schema.
        - CAN0102 IST0106 error
        The value has another type than the field, as a port in quotes or a label that is a number without quotes.
        - CAN0103 IST0106 error
        A field without which the object means nothing is not given.
        - CAN0104 IST0106 error
        The field takes one of a few words, and the value is none of them.
        - CAN0105 IST0106 error
        The number is below or above what the field can hold.
        - CAN0106 IST0106 error
        Several fields are given of which at most one may be.
        - CAN0107 IST0106 error
        The text is too long, or the list or mapping has too few or too many entries.
        - CAN0108 IST0106 error
        The duration can't be read, or is shorter than a millisecond, the least that Istio accepts.
        - CAN0109 IST0106 error
        The text is not what the field's format asks for: base64, or a quantity such as `100m` or `1Gi`.
        - CAN0110 IST0106 error
        A selector holds a `*` or an empty key, or a host is `*`, where that is not allowed.
        - CAN0121 IST0106 error
        An object has more than 200 findings; the others are not told.
        = VIRTUALSERVICE
        - CAN0201 IST0106 error
        A VirtualService has no routes at all: none of `http`, `tls` and `tcp` is given.
        - CAN0202 IST0106 error
        A destination has a negative weight. Weights are relative shares, from zero up.
        - CAN0203 IST0106 error
        A route has several destinations and the sum of their weights is zero, so that no request could be sent anywhere. A missing weight counts as zero. A single destination takes everything, whatever its weight.
        - CAN0204 - warning
        One of several destinations has no weight, while others have: it counts as zero and receives nothing.
        - CAN0205 IST0106 error
        A VirtualService without hosts is a delegate, which takes its gateways from the one that delegates to it and has only HTTP routes: `gateways`, `tls` and `tcp` can't be given, and its routes can't delegate further.
        - CAN0206 IST0106 error
        A host of a VirtualService is not a host name, a wildcard such as `*.example.com`, or an address. Only VirtualServices that are bound to gateways alone may use `*`, or the names that Istio makes for its clusters.
        - CAN0207 IST0106 error
        Two hosts of one VirtualService are the same, or one is a wildcard that covers the other.
        - CAN0208 IST0106 error
        A reference to a gateway is neither `mesh`, a name, nor `namespace/name`. Istio stops looking behind the first name without namespace; what is wrong there is a warning.
        - CAN0209 IST0133 warning
        A gateway is named with dots, as in `gateway.namespace`; Istio has replaced this form by `namespace/gateway`.
        - CAN0210 IST0106 error
        An item of the list of HTTP routes is null, as a lone `-` is.
        - CAN0211 IST0106 error
        An HTTP route does nothing, or two things at once. It needs exactly one of `route`, `redirect`, `directResponse` and `delegate`; a redirect or a direct response takes neither a fault nor a rewrite.
        - CAN0212 IST0106 error
        A route has both `mirror` and `mirrors`.
        - CAN0213 IST0106 error
        The share of requests to mirror is outside 0 to 100 percent.
        - CAN0214 IST0133 warning
        `mirrorPercent` is deprecated: `mirrorPercentage` also takes fractions.
        - CAN0215 IST0106 error
        An entry of a route's destinations, or of its mirrors, has no destination.
        - CAN0216 IST0106 error
        A destination's host is empty, `*`, or not a host name. Addresses are no host names.
        - CAN0217 IST0106 error
        The name of a destination's subset is not a DNS label.
        - CAN0218 IST0106 error
        A destination's port has no number, or one outside 1 to 65535.
        - CAN0219 IST0106 error
        A header that a match asks for has no valid name, or nothing to compare with.
        - CAN0220 IST0106 error
        A match asks for a claim of the request's token, which Istio supports at gateways only.
        - CAN0221 IST0106 error
        A condition compares with an empty prefix, which every value has. Only a path's prefix may be empty.
        - CAN0222 IST0106 error
        A regular expression is empty, longer than 1024 bytes, or not in RE2's syntax, which has no look-ahead and no back-references.
        - CAN0223 IST0106 error
        The port of a match is above 65535.
        - CAN0224 IST0106 error
        The labels or the namespace of a match's source can't exist on any workload.
        - CAN0225 IST0106 error
        A header that a route sets, adds or removes has no name that can be changed. Requests take any header and `:authority` for setting; `host` can't be removed, nor changed in responses.
        - CAN0226 IST0106 error
        The value of a header that a route sets or adds holds control characters or a malformed variable. Values are Envoy's format strings: `%REQ(x-user)%` is a variable, `%%` is the sign itself. A variable that Istio takes and Envoy then refuses is a warning.
        - CAN0227 IST0106 error
        A route changes the authority in more than one place: by `rewrite.authority` and by setting or adding `:authority` or `Host`.
        - CAN0228 IST0106 error
        A fault does nothing: neither `abort` nor `delay` is given; or its share is not 0 nor between 0.0001 and 100 percent.
        - CAN0229 IST0106 error
        The error that a fault answers with is not one that can be made: an HTTP status outside 200 to 600, an unknown gRPC status, or an HTTP/2 error, which Istio does not support.
        - CAN0230 IST0106 error
        A fault asks for an exponential delay, which Istio does not support.
        - CAN0231 - warning
        An abort has no error to answer with, so that it does nothing.
        - CAN0232 IST0106 error
        The number of retries is negative; or it is zero or missing, which disables them, while other fields configure them.
        - CAN0233 IST0106 error
        `retryOn` holds something that is neither one of Envoy's conditions nor an HTTP status. Conditions are separated by commas without spaces.
        - CAN0234 IST0106 error
        A rewrite changes nothing, or changes the path in two ways; a rewrite by regular expression needs both its parts.
        - CAN0235 IST0106 error
        A redirect changes nothing, or changes the path in two ways; `prefixRewrite` needs matches by prefix.
        - CAN0236 IST0106 error
        A redirect's status, scheme or port is not one that can be used.
        - CAN0237 IST0106 error
        The status of a direct response is outside 200 to 600.
        - CAN0238 IST0106 error
        The body of a direct response is larger than 1 MiB; over 100 KiB it is a warning, because each proxy keeps it in memory.
        - CAN0239 IST0106 error
        A CORS policy names an origin without a value, a method that does not exist, a header that is no token, or an age that is not whole seconds.
        - CAN0240 IST0106 error
        A TLS route has no match, or a match without server names; each name must be among the VirtualService's hosts.
        - CAN0241 IST0133 warning
        A TLS route matches a server name that is an address, which clients do not send.
        - CAN0242 IST0106 error
        A TLS or TCP route sends its connections nowhere, or an item of its matches is empty.
        - CAN0243 IST0106 error
        A destination subnet of a TLS or TCP match is not an address or a range such as `10.1.0.0/16`.
        - CAN0244 IST0130 warning
        A route can never be reached, because an earlier one without matches takes every request, or because each of its match blocks stands in an earlier route too.
        - CAN0245 IST0106 error
        A duration is finer than a millisecond, which Istio refuses.
        - CAN0246 IST0106 error
        `exportTo` names a namespace twice, mixes `*` with others, or holds something that is neither `.`, `*` nor a namespace. A DestinationRule with a workload selector can only be used in its own namespace.
        - CAN0247 IST0131 information
        A match block repeats an earlier one, or narrows the path of an earlier one that has the same other conditions, so that it never gets a request. Unlike istioctl, which compares parts of the conditions, this looks at all of them. Matches of TCP and TLS routes are compared as they are written.
        - CAN0270 IST0002 warning
        `fault.delay.percent` is deprecated: `percentage` also takes fractions.
        = SERVICE AND ENDPOINTS
        - CAN0301 - error
        A Service has no ports. Only headless Services (`clusterIP: None`) and those of type ExternalName need none.
        - CAN0302 - error
        One of several ports of a Service has no name, a name is no DNS label, or two ports have the same.
        - CAN0303 - error
        Two ports of a Service have the same number and protocol.
        - CAN0304 - error
        A port of a Service is outside 1 to 65535, or its target is neither such a number nor a port's name.
        - CAN0305 - error
        A node port is outside 30000 to 32767, given twice, or given for a Service that has none: only the types NodePort and LoadBalancer do.
        - CAN0306 - error
        A Service of type ExternalName has no name to point at, or one that is not a host name.
        - CAN0307 - error
        A Service's cluster IP is neither an address nor `None`; with `None` it can't be of type NodePort or LoadBalancer.
        - CAN0308 IST0118 information
        The name of a Service's port does not say which protocol it speaks, and `appProtocol` is not given. Istio then finds out by itself, or takes it for TCP; names such as `http` or `grpc-admin` are clearer.
        - CAN0309 - error
        An address of an Endpoints or EndpointSlice object is not one, or can't be reached from elsewhere.
        - CAN0310 - error
        A port of an Endpoints or EndpointSlice object is outside 1 to 65535, has no name among several, or a name twice.
        - CAN0311 - error
        The cluster IP of a Service would change. It can only be given up by making the Service one of type ExternalName.
        - CAN0312 IST0150 warning
        A port of a Service of type ExternalName has no name that says its protocol, or is named `tcp`. Istio then listens for TCP on that port for every host, and takes requests of other Services with it.
        - CAN0313 - warning
        An annotation about health checks does nothing: its value means nothing, its name is misspelt, it stands without the one that asks for checks, or on something that is no Service.
        = DEPLOYMENT AND POD
        - CAN0401 - error
        A Deployment's selector selects everything: neither labels nor expressions are given. Expressions need values where their operator compares with some.
        - CAN0402 - error
        A Deployment's selector does not select the pods of its own template.
        - CAN0403 - error
        A number of a Deployment is negative, or the deadline for progress is not above the time that a pod must be ready.
        - CAN0404 - error
        A Deployment's strategy can't be followed: bounds that are neither numbers nor percentages, both zero, or bounds for the type Recreate.
        - CAN0405 - error
        The pods of a Deployment have another restart policy than Always, or a deadline.
        - CAN0406 - error
        A pod has no containers.
        - CAN0407 - error
        A container's name is no DNS label, or two containers of a pod have the same.
        - CAN0408 - error
        A container has no image, or one with spaces around it.
        - CAN0409 - error
        A container's port is outside 1 to 65535, or its name is no port name (at most 15 characters) or used twice.
        - CAN0410 - error
        An environment variable has no usable name, or both a value and a source for it.
        - CAN0411 - error
        A container mounts a volume that its pod does not have, nowhere, or two at the same place.
        - CAN0412 - error
        A volume's name is no DNS label or used twice, or it has no single source.
        - CAN0413 - error
        A probe has no check or several, a number that is too small, or a port that does not exist. `httpGet`, `tcpSocket`, `grpc` and `exec` are checks.
        - CAN0414 - error
        A container asks for more of a resource than its limit, or for less than nothing.
        - CAN0415 - error
        A pod's time to end is negative, or its deadline is not above zero.
        - CAN0416 - error
        The selector of a Deployment would change, which Kubernetes refuses: the pods of the old one would be orphaned.
        = HORIZONTALPODAUTOSCALER
        - CAN0501 - error
        An autoscaler's bounds can't be kept: the most replicas are below one or below the least, or the least are none.
        - CAN0502 - error
        An autoscaler does not say what it scales: the kind or the name is empty.
        - CAN0503 - error
        A metric of an autoscaler lacks its details, has a target that is not above zero, or one that does not fit its type.
        = DESTINATIONRULE
        - CAN0601 IST0106 error
        The host of a DestinationRule is not a host name or a wildcard.
        - CAN0602 IST0106 error
        A subset has no name, one that is no DNS label, or one that another subset has.
        - CAN0603 IST0106 error
        The labels of a subset can't exist on any pod.
        - CAN0604 IST0106 error
        A traffic policy, the settings of one of its ports, or a connection pool is there but says nothing.
        - CAN0605 IST0106 error
        A tunnel's protocol, host or port can't be used, or it is combined with the PROXY protocol.
        - CAN0606 IST0133 warning
        A workload selector has no labels, so that it selects every workload.
        - CAN0607 IST0106 error
        A percentage of outlier detection is outside 0 to 100, or failures of local origin are counted without being told apart.
        - CAN0608 IST0133 warning
        `consecutiveErrors` is deprecated and has no effect.
        - CAN0609 IST0106 error
        A limit of a connection pool is negative, HTTP/2 is asked for in two ways, or its keep-alive lacks a time.
        - CAN0610 IST0106 error
        Consistent hashing has a cookie without a name, an attribute twice, or a table that can't be built.
        - CAN0611 IST0133 warning
        `consistentHash.minimumRingSize` is deprecated: it belongs under `ringHash`.
        - CAN0612 IST0106 error
        The settings for localities contradict each other: weights that do not sum to 100, localities that overlap, distribution together with failover, or a failover to the same place. Istio accepts a locality that holds an earlier one of its list; that is a warning.
        - CAN0613 IST0133 warning
        A failover between localities has no effect without outlier detection at the same level, which finds out that a locality is down.
        - CAN0614 IST0106 error
        A warm-up's aggression is zero. That it is not below, the schema tells.
        - CAN0615 IST0106 error
        The TLS settings towards a host contradict each other or lack a certificate.
        - CAN0616 IST0128 warning
        TLS to a host, `SIMPLE` or `MUTUAL`, names no certificate authority, so that the server's certificate is not verified. A `credentialName` counts only in a DestinationRule with a workload selector. istioctl does not look at subsets.
        - CAN0617 IST0129 warning
        TLS to a port of a host, `SIMPLE` or `MUTUAL`, names no certificate authority, so that the server's certificate is not verified. istioctl does not look at subsets.
        - CAN0618 - warning
        The cookie that consistent hashing goes by has a name or a path that no client sends back. Istio takes it.
        = GATEWAY, SERVICEENTRY AND WORKLOADENTRY
        - CAN0701 IST0106 error
        A Gateway has no server or an empty one, a name that is no DNS label, or a selector that no pod's labels can fit.
        - CAN0702 IST0106 error
        A server of a Gateway has no host, or one that is neither a full name nor a wildcard; short names are refused. A namespace may stand before it: `shop/example.com`, `./example.com`, `*/example.com`.
        - CAN0703 IST0106 error
        A server's port has no name, a number out of range, a protocol that does not exist, or a name that another server has. UDP, which gateways do not speak, is a warning.
        - CAN0704 IST0106 error
        The TLS settings of a Gateway's server do not fit its protocol, or lack or contradict a certificate.
        - CAN0705 IST0133 warning
        TLS settings of a Gateway's server have no effect: a redirect to HTTPS on a port that is not HTTP, or certificates where TLS is passed through.
        - CAN0706 IST0133 warning
        A cipher suite of a Gateway's server is unknown or given twice and is left out, or old TLS versions are allowed without the suites that they need.
        - CAN0710 IST0106 error
        A ServiceEntry has no host, or one that is not a host name or a wildcard.
        - CAN0711 IST0106 error
        A port of a ServiceEntry is empty, has a name or number that another has, or a protocol that does not exist.
        - CAN0712 IST0106 error
        An address of a ServiceEntry is neither an address nor a subnet; subnets need resolution NONE or STATIC.
        - CAN0713 IST0106 error
        The endpoints of a ServiceEntry do not fit its resolution, or one of them has an address or a port that can't be used.
        - CAN0714 IST0106 error
        Resolution DYNAMIC_DNS needs wildcard hosts outside the mesh, no addresses, and ports of HTTP, HTTP2, GRPC or TLS, whose connections name the host.
        - CAN0715 IST0134 warning
        A port of a ServiceEntry speaks TCP, or has no protocol, and the ServiceEntry has no addresses. Istio can tell such connections apart by their address only, and takes every connection to that port for this host.
        - CAN0716 IST0133 warning
        A host of a ServiceEntry has a `*` that is not a whole label. Such hosts take part in matching differently from Istio version to Istio version.
        - CAN0717 IST0133 warning
        The workload selector of a ServiceEntry has no effect with resolution NONE, or no labels, so that it selects every workload.
        - CAN0718 IST0106 error
        The workload selector of a ServiceEntry has a key that is empty or holds a `*`.
        - CAN0719 IST0106 error
        A ServiceEntry has several hosts and a port whose protocol names no host, such as TCP, so that nobody could tell which of them a connection is for. Only resolution NONE, which asks the address alone, takes that.
        - CAN0720 IST0106 error
        A WorkloadEntry has no address, or one that is not an address, a host name or a socket; sockets have no ports.
        - CAN0721 IST0106 error
        A label, or the name or number of a port of a WorkloadEntry can't be used.
        - CAN0722 IST0133 warning
        A WorkloadEntry, or an endpoint of a ServiceEntry, has a network and no address: it is reached through that network's gateway alone.
        - CAN0723 IST0133 warning
        A ServiceEntry resolved by DNS has addresses, several hosts, and a port on which connections are told apart by their address: each of the hosts would claim them.
        - CAN0724 - warning
        A Gateway's annotation `proxy.istio.io/config` can't be used: it has to be JSON with values that Istio knows.
        = REFERENCES BETWEEN OBJECTS
        - CAN0801 IST0101 error
        A route or a mirror sends requests to a host that no Service and no ServiceEntry defines: they would get 503.
        - CAN0802 IST0101 error
        A destination names a port that its Service or ServiceEntry does not have.
        - CAN0803 IST0112 error
        A destination's Service has several ports, and the route does not say which one it means.
        - CAN0804 IST0101 error
        A destination names a subset that no DestinationRule defines and no Deployment or endpoint has as its version: its requests would get 503.
        - CAN0805 IST0101 information
        A destination names a subset that no DestinationRule defines. canaryctl takes it for the endpoints whose `version` label has that value; Istio would answer 503.
        - CAN0806 - warning
        A host of a VirtualService inside the mesh is no Service and no ServiceEntry: usually clients call another name, and the routes are never used. Wildcards are not checked, nor names that a Gateway of the VirtualService serves: those are for requests from outside.
        - CAN0807 - warning
        A share of the requests would get 503, because no endpoint of its destination is ready. Declared replicas are no endpoints: those come from WorkloadEntries, ServiceEntries, Endpoints, EndpointSlices and running pods. Only where manifests are validated without the store, or by "up -f", a Deployment counts as the pods that it will have.
        - CAN0808 - warning
        No Deployment, Pod or WorkloadEntry carries the labels that a Service selects, so that it will have no endpoints.
        - CAN0809 IST0101 error
        A VirtualService is bound to a Gateway that does not exist.
        - CAN0810 IST0109 error
        Several VirtualServices inside the mesh list the same host for the same namespace. Only the oldest is used there, and the next one for clients that no route of the oldest exists for, by their labels, their namespace or the port.
        - CAN0811 - warning
        An autoscaler's target does not exist.
        - CAN0812 - warning
        A route delegates to a VirtualService that does not exist, or that is no delegate because it has hosts. The route then takes no request.
        - CAN0813 IST0174 warning
        The host of a DestinationRule is no Service and no ServiceEntry, so that it has no effect.
        - CAN0814 IST0173 error
        The labels of a subset fit no Pod, Deployment, WorkloadEntry or endpoint of the DestinationRule's host, so that its requests get 503. A Deployment counts as the pods that it would make, and labels of region and zone come from Nodes.
        - CAN0815 IST0132 warning
        None of a VirtualService's hosts is among the hosts of one of its Gateways, so that no request from there reaches it.
        - CAN0816 IST0165 warning
        A VirtualService is bound to a Gateway that Istio made from a Gateway of the Kubernetes Gateway API. Its name and its very existence are Istio's own business and can change.
        - CAN0817 - warning
        A host of a VirtualService is served by none of its Gateways, while others of its hosts are: requests for it get 404.
        - CAN0818 IST0145 error
        Two Gateways on the same workload serve the same host at the same port and address. Which of their settings win is not defined.
        - CAN0819 IST0101 error
        No Pod and no Deployment carries the labels that a Gateway selects, so that nothing serves it. Istio's own ingress gateway, `istio: ingressgateway`, is taken for granted; canaryctl's proxy serves every Gateway.
        - CAN0820 IST0162 warning
        No Service of a Gateway's workload opens the port of one of its servers, so that nobody can reach it from outside.
        - CAN0821 IST0140 warning
        Requests from a Gateway go to a host as a whole, while another VirtualService splits that host into subsets inside the mesh. Its split does not hold for requests from outside: a route's destination is not routed again.
        - CAN0822 IST0116 warning
        Several Services select the pods of one Deployment and give the same port different protocols. Istio can serve a port of a pod by one protocol only.
        - CAN0823 IST0137 warning
        Several Services select the pods of one Deployment and reach the same target port by different ports. Istio takes the first of them for requests that arrive at the pod, whichever was meant.
        - CAN0824 IST0177 warning
        Several ServiceEntries give a port of one host different protocols, in a namespace that sees them all. Which of them Istio uses is not defined.
        - CAN0825 - information
        The pods of a Deployment behind a Service, of which routes name subsets, have no label `app` or `version`, by which Istio's metrics tell workloads and their versions apart; where no DestinationRule says otherwise, `version` is what routes know them by. Istio also takes Kubernetes' recommended labels, such as `app.kubernetes.io/name`, and those of its own, such as `service.istio.io/canonical-name`.
        - CAN0826 IST0101 error
        A Gateway's server names a Secret that does not exist, or that holds no certificate and key: its clients are refused.
        = METADATA
        - CAN0901 - error
        An object's name is not one that Kubernetes takes: lower-case letters, digits, `-` and, for most kinds, `.`. Services and Namespaces are DNS labels, and a Service's name begins with a letter.
        - CAN0902 - error
        The name of an object's namespace is not a DNS label.
        - CAN0903 - error
        A label's key or value is not one that Kubernetes takes: letters, digits, `-`, `_` and `.`, at most 63, beginning and ending with a letter or digit; a key may have a prefix such as `app.kubernetes.io/`. The labels of selectors and pod templates count too.
        - CAN0904 - error
        An annotation's key is not a qualified name, or all annotations together have more than 256 KiB.
        - CAN0905 - error
        A key of a ConfigMap or Secret holds other characters than letters, digits, `-`, `_` and `.`, or is used twice.
        - CAN0906 - error
        The data of a ConfigMap or Secret is larger than 1 MiB.
        - CAN0907 - error
        The data of a ConfigMap or Secret that is marked immutable, or a Secret's type, would change.
        - CAN0908 IST0106 error
        An annotation is reserved for Istio's own use, or asks for a dry run, which only AuthorizationPolicies know.
        = WHAT THE PROXY DOES NOT SERVE
        - CAN1001 - warning
        A field is accepted and kept, but canaryctl's proxy does not act on it. Against Kubernetes with Istio it has its meaning.
        = WHAT DOES SOMETHING ELSE THAN IT SEEMS TO
        - CAN1101 - warning
        A route never gets a request, because earlier match blocks take all that each of its own blocks would match. All conditions are compared: paths, methods, headers, query parameters, ports, gateways and sources. Istio does not see it.
        - CAN1102 - warning
        One of a route's match blocks never gets a request, because an earlier block takes all that it would match. The other blocks of the route are in use.
        - CAN1103 - information
        The weights of a route do not sum to 100, so that they are no percentages: Istio divides each by their sum. A sum of 1000, 10000 and so on is taken for percentages with decimals, and one of at most 20 for a ratio, such as 1 to 1.
        - CAN1104 - information
        The only destination of a route has a weight other than 100. It takes every request, whatever the weight: also with a weight of 0, which is a warning.
        - CAN1105 - warning
        A regular expression looks as if it were searched for inside of the value, but has to match all of it: a `cookie` that leaves no room for other cookies, a word of a user agent, an anchor at one end only, a path that does not begin with a slash. A pattern with nothing but plain characters does what `exact` does, which is information only.
        - CAN1106 - warning
        Not all retries fit into the timeout of the route, which covers all tries together. A retry can begin as long as the tries before it, each as long as `perTryTimeout`, end within the timeout. That no retry can follow a try that takes its time is a warning, that less than half of them can is information.
        - CAN1107 - warning
        A mirror copies requests to a destination that the same route sends them to, which then handles requests twice. What changes something is changed twice.
        - CAN1108 - warning
        Conditions stand in several items of `match`, of which a request has to meet only one, where one item was probably meant: a dash too many makes an "or" of an "and". Where another item takes every request of an item, the conditions that only the latter has do nothing: that is a warning. Information are two items of which one asks for the path and the other for something of the client, a header for instance, where the route leads to another subset of a host than other routes do: a canary that then takes the path from everybody.
        - CAN1109 - warning
        A match block is for Gateways to which its VirtualService is not bound, so that it never takes a request. A block can only choose among the `gateways` of its VirtualService; without any, that is `mesh` alone.
        - CAN1110 - information
        A destination has the weight 0, and no other route or mirror of any VirtualService sends requests there: a canary that has not begun, or one that was ended and not taken out.
        - CAN1111 - information
        No route and no mirror of any VirtualService names some subsets of a DestinationRule, while a subset of the same host is named that no DestinationRule defines: one may have been meant by the other. Subsets that just have no requests yet are no finding.
        - CAN1112 - warning
        The selector of a Service leaves out a version to which a VirtualService sends requests by a subset: it asks for another value of a label of the subset, such as `version`, or for a label that the pods of the subset do not have. The subset can never have an endpoint of the Service, and its requests get 503.
        - CAN1113 - warning
        A VirtualService splits a Service into subsets, but neither it nor any other one inside the mesh has that Service among its hosts. Requests to the Service by its own name are not split: they go to the endpoints of all versions.
        - CAN1114 - warning
        No route of a VirtualService takes every request: what matches none of them gets 404. It is a warning where no condition is about the path, so that the same page works for some clients and not for others. Inside the mesh it is information else, since without the VirtualService other paths would work; at a Gateway alone, routes by path open what is meant. What another VirtualService of the same host at the same Gateway takes, and what a delegate takes, counts; a route for the authority of each host is enough at a Gateway. Clients of the mesh for which no route exists at all, by their labels, their namespace or the port, are as if there were no VirtualService: where its hosts are Services, nothing is missing for them.
        - CAN1115 - information
        A route splits a host whose DestinationRule has `consistentHash`. In canaryctl the key keeps a user on one version. In Istio it chooses among the pods of a version only: the version is drawn anew for each request. This is information, and a warning where the manifests are meant for Istio.
        - CAN1116 - warning
        A Deployment has 0 replicas, nothing else stands behind a destination, and a route sends requests there: they get 503. An autoscaler changes nothing, since Kubernetes turns it off while a Deployment has 0 replicas.
        - CAN1117 - warning
        An autoscaler's `maxReplicas` is low for the share of requests that its version gets, by the measure of the version of the same route that may have most replicas: the share times those is more than twice `maxReplicas`. With 10 replicas for all requests, half of them take 5; a bound of 1 or 2 is then a finding, one of 3 is not.
        - CAN1118 - warning
        A destination gets a larger share of the requests than its endpoints can be expected to carry, by the measure of the largest version of the same route: the share times that version's ready endpoints is more than twice its own. Where no endpoint is ready, the replicas that Deployments declare are compared; versions with autoscalers grow by themselves.
        - CAN1119 - warning
        Outlier detection can never eject an endpoint: one of them is more than `maxEjectionPercent`, 10 unless given, of all. Of 3 endpoints one is 33 %. Replicas that Deployments declare, and the upper bounds of autoscalers, count as endpoints.
        - CAN1120 - warning
        Several VirtualServices are bound to one Gateway for the same host. Istio tries the routes of the oldest first, of equal age by name, and those that take every request last; so a route can lose its requests to another VirtualService. That is a warning. Where a broader route comes after a narrower one only because of their age it is information: made anew, the narrower one would get nothing.
        - CAN1121 - warning
        Several DestinationRules of a namespace have the same host. Istio takes them together, the oldest first, of equal age by name: the first traffic policy counts, and of subsets of one name the first. What is lost is a warning; a subset that is repeated as it is, and rules that add to each other, are information.
        - CAN1122 - information
        A regular expression for the header `cookie` looks for one cookie after a semicolon, but has no room for the space that clients write there: `^(.*?;)?(user=jason)(;.*)?$` finds the cookie only where it is the first one. RFC 6265 separates cookies by a semicolon and a space. It is told where the manifests know of a second cookie: another condition or the DestinationRule of a destination names it, or an answer sets it.
        - CAN1123 - warning
        A condition on a header is named `uri`, `scheme`, `method` or `authority`, which are no headers. Istio's documentation says that such keys are ignored; what it makes of them is a condition on a header of that name, which no request has. Both were hardly meant: the match block has fields of these names.
        - CAN1124 - warning
        A condition on `uri` asks for what no path has: a query, a fragment, dot segments, or a beginning other than a slash. Paths are compared without their query and after dot segments are resolved, so that no request meets the condition.
        - CAN1125 - warning
        A VirtualService of a Gateway has a host without a dot. That is short for the Service's full name, which is all that the Gateway knows: requests for the short name itself get 404. It is information where the VirtualService is for the mesh too.
        - CAN1126 - warning
        A rewrite replaces just the part of the path that the prefix matched, and the seam is wrong: `/` for `/api` makes `//users` of `/api/users`, and `/v2` for `/api/` makes `/v2users`. Without a condition on `uri` the slash at the beginning is what is replaced, so that `/v2` makes `/v2users` of `/users`. In a delegate the prefix may be the delegating route's.
        - CAN1127 - warning
        The header `cookie` is compared as a whole, by `exact`, with a single cookie: a client that sends any other cookie too does not meet the condition.
        - CAN1128 - warning
        A route that delegates changes headers, and so does a route of its delegate: there, the delegate's changes replace all of the delegating route's, they are not put together.
        - CAN1129 - warning
        Another VirtualService at the same place has a wildcard that covers a host of this one. Its routes do not count for that host: what no route here takes gets 404 and does not go on to them. It is information where a route here takes everything.
        - CAN1130 - information
        A VirtualService has HTTP routes for a port that Istio takes for TCP or TLS, by the name or `appProtocol` of a Service's port or the `protocol` of a ServiceEntry's. There it ignores HTTP routes: requests go to the endpoints of all versions, and nothing is split. Of a host that has ports for HTTP too, it is told of the port that a `match` names, and where routes split the host. canaryctl's proxy serves such routes, so it is information unless the manifests are meant for Istio (`--for istio`).
        - CAN1131 - warning
        A condition on `uri` ends in `/*`, and compares it letter by letter: in `exact` and `prefix` a star stands for itself, so that `/api/*` takes no request for `/api/users`.
        - CAN1132 - warning
        A fault concerns no request, because it has no percentage, which is 0 % and not all; or a delay has no time. Istio takes both, and injects nothing.
        - CAN1133 - warning
        A route says how many requests to mirror, and not where: nothing is mirrored. Items of `mirrors` have percentages of their own.
        - CAN1134 - warning
        A CORS policy allows no origin, so that no browser may read an answer because of it.
        - CAN1135 - warning
        An origin that a CORS policy allows is none that a browser sends. Origins are a scheme and a host in lower case, with a port where that is not the scheme's own: `https://shop.example.com`, without a path or a slash behind it.
        = ROLLOUT
        - CAN1201 - error
        A Rollout names no host or no version, or its canary is its stable version.
        - CAN1202 - error
        A Rollout's steps take back what an earlier step gave, or one gives the canary nothing.
        Shares rise, or stay as they are; copies and matching requests come before the first share, since the canary would lose it again. Without any request nothing can be learnt in a step, so that it would never end.
        - CAN1203 - error
        A step of a Rollout does not say what it does, or its condition takes every request.
        - CAN1204 - error
        A Rollout's `alpha` is one that no traffic could ever satisfy, or that promises nothing.
        It is the chance that a canary that is no worse is taken back. With 0 no evidence would ever do; above 0.5 more than every second healthy canary could be taken back.
        - CAN1205 - warning
        A Rollout compares neither errors nor latency, and has no limits or metrics: nearly any canary passes.
        - CAN1206 - error
        A metric of a Rollout or an AnalysisTemplate has no source, no bounds that can be kept, or a name that another one has.
        A comparison asks for both versions, so that a query needs `{{version}}` where they differ.
        - CAN1208 - error
        What a Rollout's `analysis.errors.statuses` lists is no status that can be an error.
        It lists statuses from 300 to 599, and `3xx`, `4xx` and `5xx` for all of a hundred. Requests that get no answer, or not all of one, are errors whatever it says.
        - CAN1209 - warning
        No step of a Rollout can be done within its `stepDeadline`, whatever the traffic is.
        A step that is held for longer than the deadline pauses the rollout before it is over. And where shares and `alpha` are very small, even a canary that fails every request would not be told from a good one in time, at a hundred thousand requests a second: each request has at most w ln(1/w) of the ln(1/alpha) that are needed.
        - CAN1211 - error
        A Rollout's host is no Service or ServiceEntry.
        - CAN1212 - error
        No Deployment, endpoint, subset or destination knows a version that a Rollout names.
        - CAN1213 - error
        A Rollout's route does not exist, or cannot be split.
        Without `route` it is the one that takes what no other does. A host without VirtualService gets one.
        - CAN1214 - error
        A Rollout's route sends requests to a third version.
        Canary and stable are compared by the requests that either of them gets; destinations with weight 0 may stay.
        - CAN1215 - warning
        A Rollout does not name its stable version, and its canary has the largest share already.
        - CAN1216 - error
        Two Rollouts are for one route of a host.
        - CAN1217 - warning
        A Rollout is the only member of its group, or a member has other steps than this one.
        The members of a group take each step together.
        - CAN1218 - error
        A text of a metric or a notification has a word in double braces that stands for nothing.
        `{{args.NAME}}` stands for an argument in the metrics of an AnalysisTemplate, and nowhere else.
        - CAN1219 - error
        A notification of a Rollout has nobody who gets it, or an address that is none.
        - CAN1220 - error
        A Rollout uses an AnalysisTemplate that is not there, or not with its arguments.
        A template and its Rollouts are in one namespace. What a rollout asks is what its templates are when it begins.
        - CAN1221 - error
        Two arguments of an AnalysisTemplate, or of its use, have one name.
        """#
}
