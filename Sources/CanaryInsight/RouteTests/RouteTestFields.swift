// SPDX-License-Identifier: Apache-2.0

import CanaryRules

/// The fields of routing tests, beside Istio's types, which their expectations are written in.
enum RouteTestFields {
    static let root = "RouteTestFile"

    static let table = FieldTableText(IstioFields.table + "\n" + text)

    private static let text = """
        RouteTestFile
         testCases! []RouteTestCase
        RouteTestCase
         corsPolicy CorsPolicy
         delegate Delegate
         description string
         directResponse DirectResponse
         fault Fault
         headers Headers
         location string
         mirror Mirror
         mirrorPercentage Percentage
         mirrors []Mirror2
         redirect Redirect
         request! RouteTestRequest
         retries Retries
         rewrite Rewrite
         route []Route
         routeName string
         sameVersion boolean
         shares {}number min=0 max=100
         status int32 min=100 max=599
         subset string
         timeout string duration
         upstream RouteTestUpstream
         virtualService string
         wantMatch boolean
        RouteTestUpstream
         authority string
         path string
        RouteTestRequest
         authority! []string minItems=1
         gateway string
         headers {}string
         method []string minItems=1
         namespace string
         queryParams {}string
         scheme string
         sourceLabels {}string
         uri []string minItems=1
         user string
        """
}
