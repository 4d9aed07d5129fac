"""Parts of SQL that several pages' queries share."""

# Of a measurement or an alert: whether its value breaks a limit. No value or no limit breaks none.
OUTSIDE = "(coalesce(value < lower_limit, false) OR coalesce(value > upper_limit, false))"
# The number of alerts that aren't closed; what follows says of which subscription.
UNRESOLVED = "SELECT count(*) FROM alert a WHERE a.state <> 'closed' AND a.subscription_id = "
