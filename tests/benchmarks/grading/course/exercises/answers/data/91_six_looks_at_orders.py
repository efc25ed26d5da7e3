"""Answers to exercise 91, the one whose grading is measured."""

from functools import lru_cache

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from opscourse.exercise import Frame, Integer, Number


def paid_orders(load):
    orders = load("orders")
    return orders[orders["paid"]]


def buyers(load, orders):
    users = load("users")
    of_system = users.assign(buyer=users["user_id"].isin(orders["user_id"])).groupby("os", as_index=False)
    return of_system.agg(users=("user_id", "size"), buyer_share=("buyer", "mean"))


def early(load, orders):
    first = load("users").merge(orders.groupby("user_id", as_index=False)["ts"].min(), on="user_id")
    return (first["ts"] - first["signup_ts"] < pd.Timedelta(days=30)).sum()


def spread(orders):
    means = orders.groupby("pay_method")["net_cny"].mean()
    return means.max() - means.min()


@lru_cache(maxsize=1)
def auc(load):
    users = load("users")
    known = pd.get_dummies(users[["age", "os", "income_band", "occupation", "gender"]])
    bought = users["user_id"].isin(paid_orders(load)["user_id"])
    model = make_pipeline(StandardScaler(), LogisticRegression())
    return roc_auc_score(bought, cross_val_predict(model, known, bought, cv=5, method="predict_proba")[:, 1])


@lru_cache(maxsize=1)
def groups(load):
    paid = paid_orders(load)
    rfm = paid.groupby("user_id").agg(last=("ts", "max"), orders=("order_id", "size"), net_cny=("net_cny", "sum"))
    rfm["last"] = (paid["ts"].max() - rfm["last"]).dt.days
    group = KMeans(4, n_init=10, random_state=0).fit_predict(StandardScaler().fit_transform(np.log1p(rfm)))
    return rfm.groupby(group)["net_cny"].agg(["size", "sum", "mean"])


def top(load, column):
    found = groups(load)
    return found.loc[found["mean"].idxmax(), column] / found[column].sum()


QUESTIONS = {
    "91.1": Number(
        right=lambda load: paid_orders(load)["refunded"].mean(),
        tolerance=0.0005,
        unit="a proportion between 0 and 1",
        mistakes={"this is their number, not their share": lambda load: paid_orders(load)["refunded"].sum()},
    ),
    "91.2": Frame(
        keys=["os"],
        columns={"users": int, "buyer_share": 0.001},
        right=lambda load: buyers(load, paid_orders(load)),
        mistakes={"an unpaid order makes no buyer": lambda load: buyers(load, load("orders"))},
    ),
    "91.3": Integer(
        right=lambda load: early(load, paid_orders(load)),
        unit="a number of users",
        mistakes={"this is the first order, paid or not": lambda load: early(load, load("orders"))},
    ),
    "91.4": Number(
        right=lambda load: spread(paid_orders(load)),
        tolerance=0.1,
        unit="CNY",
        mistakes={"this is the highest bar": lambda load: paid_orders(load).groupby("pay_method")["net_cny"].mean().max()},
    ),
    "91.5": Number(
        right=auc,
        tolerance=0.001,
        unit="an area between 0 and 1",
        mistakes={"this is the chance to be wrong about a pair": lambda load: 1 - auc(load)},
    ),
    "91.6": Number(
        right=lambda load: top(load, "sum"),
        tolerance=0.005,
        unit="a proportion between 0 and 1",
        mistakes={"this is its share of the buyers, not of the money": lambda load: top(load, "size")},
    ),
}
