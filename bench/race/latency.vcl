# Varnish in front of Afterimage, keeping what it answers, for comparing the purges of both with the same objects.
vcl 4.1;

import xkey;

backend afterimage {
    .host = "127.0.0.1";
    .port = "@ORIGIN@";
}

sub vcl_recv {
    if (req.method == "PURGE" && req.http.xkey-purge) {
        set req.http.x-purged = xkey.purge(req.http.xkey-purge);
        return (synth(200, req.http.x-purged));
    }
    if (req.method == "PURGE") {
        return (purge);
    }
}

sub vcl_backend_response {
    # The group is the master: the path without its query.
    set beresp.http.xkey = regsub(bereq.url, "\?.*", "");
    unset beresp.http.cache-control;
    set beresp.ttl = 1y;
    return (deliver);
}

sub vcl_deliver {
    if (obj.hits > 0) {
        set resp.http.x-cache = "HIT";
    } else {
        set resp.http.x-cache = "MISS";
    }
}
