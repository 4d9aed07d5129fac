"""Parts of SQL that several pages' queries share."""

# Whether the value of a measurement or an alert is outside its limits. A missing value, or one
# without limits, is not outside.
OUTSIDE = "(coalesce(value < lower_limit, false) OR coalesce(value > upper_limit, false))"
# The number of alerts that aren't closed; the condition on the subscription follows.
UNRESOLVED = "SELECT count(*) FROM alert a WHERE a.state <> 'closed' AND a.subscription_id = "
