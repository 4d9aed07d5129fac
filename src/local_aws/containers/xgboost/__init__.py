"""The XGBoost image, on the xgboost library."""
