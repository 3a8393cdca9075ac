// SPDX-License-Identifier: Apache-2.0

/// Manifests of mixed kinds, about 490 bytes each, as they might describe many teams' canaries.
enum SampleManifests {
    static func text(count: Int) -> String {
        (0..<count).map(manifest).joined(separator: "---\n")
    }

    private static func manifest(_ index: Int) -> String {
        switch index % 6 {
        case 0: service(index / 6)
        case 1: deployment(index / 6, 1)
        case 2: deployment(index / 6, 2)
        case 3: virtualService(index / 6)
        case 4: destinationRule(index / 6)
        default: autoscaler(index / 6)
        }
    }

    private static func service(_ index: Int) -> String {
        """
        apiVersion: v1
        kind: Service
        metadata:
          name: svc-\(index)
          namespace: team-\(index % 50)
          labels:
            app: svc-\(index)
            app.kubernetes.io/managed-by: helm
          annotations:
            description: "the service svc-\(index) of the team"
        spec:
          selector:
            app: svc-\(index)
          ports:
          - name: http
            port: 80
            targetPort: 8080
          - name: metrics
            port: 9090

        """
    }

    private static func deployment(_ index: Int, _ version: Int) -> String {
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: svc-\(index)-v\(version)
          namespace: team-\(index % 50)
          labels: {app: svc-\(index), version: v\(version)}
        spec:
          replicas: \(version)
          selector:
            matchLabels:
              app: svc-\(index)
              version: v\(version)
          template:
            metadata:
              labels:
                app: svc-\(index)
                version: v\(version)
            spec:
              containers:
              - name: app
                image: registry.example.com/team-\(index % 50)/svc-\(index):1.\(version).0
                ports:
                - containerPort: 8080
                resources:
                  requests: {cpu: 100m, memory: 64Mi}
                readinessProbe:
                  httpGet:
                    path: /ready
                    port: 8080
                  initialDelaySeconds: 5
                env:
                - name: LOG_LEVEL
                  value: info

        """
    }

    static func virtualService(_ index: Int) -> String {
        #"""
        apiVersion: networking.istio.io/v1alpha3
        kind: VirtualService
        metadata:
          name: svc-\#(index)
          namespace: team-\#(index % 50)
        spec:
          hosts:
          - svc-\#(index)
          - svc-\#(index).team-\#(index % 50).svc.cluster.local
          http:
          - match:
            - headers:
                cookie:
                  regex: "^(.*?;)?(email=[^;]*@some-company-name.com)(;.*)?$"
            route:
            - destination:
                host: svc-\#(index)
                subset: v1
              weight: 50
            - destination:
                host: svc-\#(index)
                subset: v2
              weight: 50
          - route:
            - destination:
                host: svc-\#(index)
                subset: v1

        """#
    }

    private static func destinationRule(_ index: Int) -> String {
        """
        apiVersion: networking.istio.io/v1beta1
        kind: DestinationRule
        metadata:
          name: svc-\(index)
          namespace: team-\(index % 50)
        spec:
          host: svc-\(index)
          trafficPolicy:
            connectionPool:
              tcp: {maxConnections: 100}
          subsets:
          - name: v1
            labels: {version: v1}
          - name: v2
            labels: {version: v2}

        """
    }

    private static func autoscaler(_ index: Int) -> String {
        """
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata:
          name: svc-\(index)
          namespace: team-\(index % 50)
        spec:
          scaleTargetRef:
            apiVersion: apps/v1
            kind: Deployment
            name: svc-\(index)-v1
          minReplicas: 1
          maxReplicas: 10
          metrics:
          - type: Resource
            resource:
              name: cpu
              target: {type: Utilization, averageUtilization: 50}

        """
    }
}
